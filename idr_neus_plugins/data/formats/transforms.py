"""A scene as nerfstudio's transforms.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from idr_neus_plugins.core.camera import flip_axes
from idr_neus_plugins.data.formats.files import copy_files
from idr_neus_plugins.data.formats.scene import PosedScene, View
from idr_neus_plugins.writing import write_json

LENS = ("k1", "k2", "k3", "k4", "p1", "p2")


def write_transforms(scene: PosedScene, folder: Path) -> None:
    """Copies the files and writes transforms.json: OpenGL axes, one set of intrinsics per frame.

    The key ``scale_mat`` holds the region of interest. nerfstudio ignores it; our parser uses it.
    """
    placed = copy_files(scene, folder, "images", "masks")
    model = "OPENCV_FISHEYE" if all(view.is_fisheye for view in placed.views) else "OPENCV"
    meta: dict[str, Any] = {"camera_model": model, "frames": [_frame(view, folder) for view in placed.views]}
    if scene.world_from_scene is not None:
        meta["scale_mat"] = scene.world_from_scene.tolist()
    write_json(folder / "transforms.json", meta)


def _frame(view: View, folder: Path) -> dict[str, Any]:
    frame = {
        "file_path": view.image.relative_to(folder).as_posix(),
        "transform_matrix": flip_axes(view.camera_to_world).tolist(),
        "w": view.size[1],
        "h": view.size[0],
        "fl_x": float(view.intrinsics[0, 0]),
        "fl_y": float(view.intrinsics[1, 1]),
        "cx": float(view.intrinsics[0, 2]),
        "cy": float(view.intrinsics[1, 2]),
        **dict(zip(LENS, view.distortion, strict=True)),
        **({"is_fisheye": True} if view.is_fisheye else {}),
    }
    return frame if view.mask is None else frame | {"mask_path": view.mask.relative_to(folder).as_posix()}
