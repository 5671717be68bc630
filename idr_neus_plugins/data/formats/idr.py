"""A scene in the layout of IDR and NeuS: image/, mask/, cameras_sphere.npz."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from idr_neus_plugins.data.formats.files import copy_files
from idr_neus_plugins.data.formats.scene import PosedScene, View
from idr_neus_plugins.data.projection import world_mat
from idr_neus_plugins.errors import UserError


def write_idr(scene: PosedScene, folder: Path) -> None:
    """Copies the files and writes ``world_mat_i`` (pixel centres on integers) and ``scale_mat_i``, double precision.

    Raises UserError for cameras with lens distortion, which a projection matrix cannot express.
    """
    world_from_scene = scene.region()
    matrices = {}
    for number, view in enumerate(scene.views):
        matrices[f"world_mat_{number}"] = _world_mat(view)
        matrices[f"scale_mat_{number}"] = world_from_scene
    copy_files(scene, folder, "image", "mask", "{number:03d}.png")
    np.savez(folder / "cameras_sphere.npz", **matrices)


def _world_mat(view: View) -> np.ndarray:
    """Raises UserError for a distorting lens."""
    if not view.is_pinhole:
        raise UserError(
            f"The camera of {view.image} has lens distortion, which world_mat cannot express. "
            "Undistort the images: idr-neus convert --undistort."
        )
    return world_mat(view.intrinsics, view.camera_to_world)
