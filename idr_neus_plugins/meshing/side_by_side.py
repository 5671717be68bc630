"""Meshes of several methods in one picture, as one camera would see them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.meshing.reading import read_mesh
from idr_neus_plugins.meshing.rendering import MeshRenderer

CAPTION = 18
"""Height of the line of text above a picture, pixels."""
PAPER, INK = 255, 0
LARGEST = 300
"""Pictures are made no wider than this, so that the grid stays small."""


def grid_picture(
    camera: Camera,
    photo: np.ndarray,
    meshes: Mapping[str, Path],
    renderings: Mapping[str, Path],
    exact: Path | None = None,
) -> np.ndarray:
    """[height, width, 3] uint8: a column per method, its shaded mesh above its rendering; first the photograph.

    Args:
        camera: in the frame of the meshes.
        photo: taken there [h, w, 3] uint8.
        renderings: files as ``idr-neus eval images --save-images`` writes them: photograph, rendering, and more.
        exact: the true surface, shown above the photograph.
    """
    first = np.full_like(photo, PAPER) if exact is None else shaded(exact, camera)
    columns = [_column("photograph" if exact is None else "exact", first, photo)]
    width = photo.shape[1]
    columns += [_column(name, shaded(path, camera), _second(renderings[name], width)) for name, path in meshes.items()]
    return np.concatenate(columns, axis=1)


def shaded(path: Path, camera: Camera) -> np.ndarray:
    """A mesh as grey clay on white, lit from the camera and a little from its left and above [h, w, 3] uint8."""
    picture = MeshRenderer(read_mesh(path))(camera)
    axes = camera.camera_to_scene[:, :3]
    light = axes @ np.array([-0.35, -0.35, -0.87])
    clay = 0.25 * picture.accumulation + 0.65 * (picture.normals @ light)[..., None].clip(min=0.0)
    over_white = clay + (1.0 - picture.accumulation)
    return (255 * over_white.clip(0.0, 1.0)).round().astype(np.uint8).repeat(3, axis=2)


def _second(path: Path, width: int) -> np.ndarray:
    """Of pictures that stand side by side, each so many pixels wide."""
    from PIL import Image

    return np.asarray(Image.open(path).convert("RGB"))[:, width : 2 * width]


def _column(name: str, *pictures: np.ndarray) -> np.ndarray:
    from PIL import Image, ImageDraw

    size = pictures[0].shape[1], pictures[0].shape[0]
    scale = min(1.0, LARGEST / size[0])
    small = [Image.fromarray(p).resize((round(size[0] * scale), round(size[1] * scale))) for p in pictures]
    caption = Image.new("RGB", (small[0].width, CAPTION), (PAPER,) * 3)
    ImageDraw.Draw(caption).text((4, 3), name, fill=(INK,) * 3)
    return np.concatenate([np.asarray(part) for part in (caption, *small)], axis=0)
