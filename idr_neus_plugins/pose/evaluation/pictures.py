"""Photographs with the found mesh laid over them, and the boxes of the found and the true pose."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8

from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.meshing.frames import to_frame
from idr_neus_plugins.meshing.rendering import MeshRenderer
from idr_neus_plugins.pose.evaluation.scores import PosedMesh
from idr_neus_plugins.single_view.evaluation.pictures import over_white

TRUE, FOUND = (20, 150, 60), (235, 110, 0)
EDGES = [(i, i | bit) for i in range(8) for bit in (1, 2, 4) if not i & bit]
"""Of a box, between ``PosedMesh.corners``."""


def pose_picture(
    image: UInt8[np.ndarray, "h w 4"], intrinsics: Float[np.ndarray, "3 3"], found: PosedMesh, true: PosedMesh | None
) -> UInt8[np.ndarray, "h width 3"]:
    """The photograph with the boxes (true green, found orange) | the found mesh's normals, where it covers it."""
    from PIL import Image, ImageDraw

    camera = Camera(intrinsics, np.eye(4)[:3], (image.shape[0], image.shape[1]))
    boxed = Image.fromarray(over_white(image))
    draw = ImageDraw.Draw(boxed)
    for posed, color in ((true, TRUE), (found, FOUND)):
        if posed is not None:
            pixels, _ = camera.project(posed.corners)
            for start, end in EDGES:
                if np.isfinite(pixels[[start, end]]).all():
                    draw.line([tuple(pixels[start]), tuple(pixels[end])], fill=color, width=1)
    return np.concatenate([np.asarray(boxed), overlay(image, camera, found)], axis=1)


def overlay(image: UInt8[np.ndarray, "h w 4"], camera: Camera, found: PosedMesh) -> UInt8[np.ndarray, "h w 3"]:
    """Half photograph, half normals."""
    shown = MeshRenderer(to_frame(found.mesh, found.matrix))(camera)
    normals = 255 * (0.5 - 0.5 * shown.normals / np.linalg.norm(shown.normals, axis=2, keepdims=True).clip(min=1e-6))
    share = 0.5 * shown.accumulation
    return (over_white(image) * (1 - share) + normals * share).round().clip(0, 255).astype(np.uint8)
