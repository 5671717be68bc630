"""A scene as a COLMAP folder: images/, masks/, sparse/0 in binary form."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from idr_neus_plugins.data.formats.files import copy_files
from idr_neus_plugins.data.formats.scene import PosedScene, View
from idr_neus_plugins.errors import UserError


def write_colmap(scene: PosedScene, folder: Path) -> None:
    """Copies the files and writes a reconstruction without points, with one camera per view.

    Masks are named as COLMAP wants them, image.jpg.png. The format has no place for the region of interest.
    """
    from nerfstudio.data.utils.colmap_parsing_utils import Image, rotmat2qvec, write_model

    placed = copy_files(scene, folder, "images", "masks", "{image}.png")
    cameras = {number: _camera(number, view) for number, view in enumerate(placed.views, start=1)}
    images = {}
    for number, view in enumerate(placed.views, start=1):
        from_world = np.linalg.inv(view.camera_to_world)
        rotation, translation = rotmat2qvec(from_world[:3, :3]), from_world[:3, 3]
        images[number] = Image(number, rotation, translation, number, view.image.name, np.zeros((0, 2)), np.zeros(0))
    model = folder / "sparse" / "0"
    model.mkdir(parents=True)
    write_model(cameras, images, {}, str(model), ext=".bin")


def _camera(number: int, view: View):
    from nerfstudio.data.utils.colmap_parsing_utils import Camera

    k1, k2, k3, k4, p1, p2 = view.distortion
    if (k3 or k4) and not view.is_fisheye:
        raise UserError(f"The camera of {view.image} has k3 or k4, which COLMAP's OPENCV model lacks.")
    matrix, (height, width) = view.intrinsics, view.size
    pinhole = [matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2]]
    if view.is_pinhole:
        return Camera(number, "PINHOLE", width, height, np.array(pinhole))
    if view.is_fisheye:
        return Camera(number, "OPENCV_FISHEYE", width, height, np.array([*pinhole, k1, k2, k3, k4]))
    return Camera(number, "OPENCV", width, height, np.array([*pinhole, k1, k2, p1, p2]))
