"""A scene as SDFStudio's meta_data.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.data.formats.files import copy_files
from idr_neus_plugins.data.formats.scene import PosedScene, View, camera_in_scene
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.writing import write_json


def write_sdfstudio(scene: PosedScene, folder: Path) -> None:
    """Copies the files and writes poses in the normalised scene, box [-1, 1]^3, with ``worldtogt`` back to the world.

    Raises UserError for images of several sizes or lens distortion: the format holds one size and pinhole cameras.
    """
    height, width = _common_size(scene)
    world_from_scene = scene.region()
    placed = copy_files(scene, folder, "images", "masks")
    write_json(
        folder / "meta_data.json",
        {
            "camera_model": "OPENCV",
            "height": height,
            "width": width,
            "has_mono_prior": False,
            "pairs": None,
            "worldtogt": world_from_scene.tolist(),
            "scene_box": {"aabb": [[-1, -1, -1], [1, 1, 1]], "near": 0.5, "far": 4.5, "radius": 1.0},
            "frames": [_frame(view, folder, world_from_scene) for view in placed.views],
        },
    )


def _common_size(scene: PosedScene) -> tuple[int, int]:
    sizes = {view.size for view in scene.views}
    if len(sizes) > 1:
        raise UserError(f"The images have {len(sizes)} different sizes, but meta_data.json holds only one. Crop them.")
    lens = next((view.image for view in scene.views if not view.is_pinhole), None)
    if lens is not None:
        raise UserError(
            f"The camera of {lens} has lens distortion, which meta_data.json cannot express. "
            "Undistort the images: idr-neus convert --undistort."
        )
    return sizes.pop()


def _frame(view: View, folder: Path, world_from_scene: Float[np.ndarray, "4 4"]) -> dict[str, Any]:
    intrinsics = np.eye(4)
    intrinsics[:3, :3] = view.intrinsics
    pose = camera_in_scene(view.camera_to_world, world_from_scene)
    frame = {"rgb_path": view.image.relative_to(folder).as_posix()}
    frame |= {"camtoworld": pose.tolist(), "intrinsics": intrinsics.tolist()}
    return frame if view.mask is None else frame | {"foreground_mask": view.mask.relative_to(folder).as_posix()}
