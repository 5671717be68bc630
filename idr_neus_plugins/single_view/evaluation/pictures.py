"""A grid of pictures: input | prediction from its side and from behind | truth from the same two sides."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.meshing.mesh import Mesh
from idr_neus_plugins.meshing.rendering import MeshRenderer
from idr_neus_plugins.single_view.shapes.photographs import photograph

SIZE = 160
"""Pixels across one picture."""


def picture_row(
    image: UInt8[np.ndarray, "h w 4"], camera: Camera, predicted: Mesh | None, true: Mesh
) -> UInt8[np.ndarray, "size width 3"]:
    """Five pictures beside each other, over white."""
    from PIL import Image

    large = np.asarray(Image.fromarray(image).resize((SIZE, SIZE), Image.Resampling.NEAREST))
    sides = [resized(camera, SIZE), behind(resized(camera, SIZE))]
    blank = np.zeros((SIZE, SIZE, 4), np.uint8)
    shown = [[photograph(MeshRenderer(mesh), side) if mesh else blank for side in sides] for mesh in (predicted, true)]
    return np.concatenate([over_white(each) for each in (large, *shown[0], *shown[1])], axis=1)


def resized(camera: Camera, size: int) -> Camera:
    """For an image ``size`` pixels high."""
    scale = size / camera.size[0]
    intrinsics = np.diag([scale, scale, 1.0]) @ camera.intrinsics
    return Camera(intrinsics, camera.camera_to_scene, (size, round(camera.size[1] * scale)))


def behind(camera: Camera) -> Camera:
    """On the other side of the object: turned by 180 degrees around the upright axis."""
    return Camera(camera.intrinsics, np.diag([-1.0, -1.0, 1.0]) @ camera.camera_to_scene, camera.size)


def over_white(image: UInt8[np.ndarray, "h w 4"]) -> UInt8[np.ndarray, "h w 3"]:
    alpha = image[..., 3:] / 255.0
    return (image[..., :3] * alpha + 255.0 * (1.0 - alpha)).round().astype(np.uint8)
