"""SDFStudio's meta_data.json: OpenCV poses in a normalised scene, ``worldtogt`` from there to the world."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from idr_neus_plugins.core.similarity import Similarity
from idr_neus_plugins.data.formats.readers.checks import pose_matrix
from idr_neus_plugins.data.formats.readers.lenses import pinhole
from idr_neus_plugins.data.formats.readers.named import find_mask, find_named
from idr_neus_plugins.data.formats.scene import PosedScene, View, camera_in_world
from idr_neus_plugins.data.region import sphere_to_matrix
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reading import matrix, number, read_json


def read_sdfstudio(path: Path) -> PosedScene:
    """Raises UserError that names the file and the photograph for whatever is missing or wrong."""
    meta = read_json(path)
    missing = [key for key in ("frames", "scene_box", "height", "width") if not meta.get(key)]
    if missing or not isinstance(meta["frames"], list) or not all(isinstance(f, dict) for f in meta["frames"]):
        raise UserError(f"{path} is no scene of SDFStudio: {' and '.join(missing) or 'a list of frames'} missing.")
    world = matrix(meta.get("worldtogt", np.eye(4)), 4, 4, f"{path}: worldtogt")
    Similarity.of(world, f"{path}: worldtogt")
    height, width = (round(number(meta[key], f"{path}: {key}")) for key in ("height", "width"))
    views = tuple(_view(frame, path, (height, width), world) for frame in meta["frames"])
    if len({view.mask is None for view in views}) > 1:
        lonely = next(view for view in views if view.mask is None)
        raise UserError(f"{path}: {lonely.image.name} has no foreground_mask, but others have. Give all one, or none.")
    return PosedScene(views, world @ _region(meta["scene_box"], path))


def _view(frame: dict[str, Any], path: Path, size: tuple[int, int], world: np.ndarray) -> View:
    missing = [key for key in ("rgb_path", "camtoworld", "intrinsics") if key not in frame]
    if missing:
        raise UserError(f"{path}: the frame of {frame.get('rgb_path', '?')} has no {missing[0]}.")
    image = find_named(frame["rgb_path"], [path.parent])
    name = frame.get("foreground_mask", frame.get("mask_path"))
    mask = None if name is None else find_mask(name, [path.parent])
    where = f"{path}: camtoworld of {image.name}"
    pose = pose_matrix(frame["camtoworld"], where)
    sides = 3 if isinstance(frame["intrinsics"], list) and len(frame["intrinsics"]) == 3 else 4
    given = matrix(frame["intrinsics"], sides, sides, f"{path}: intrinsics of {image.name}")
    intrinsics = pinhole(given[0, 0], given[1, 1], given[0, 2], given[1, 2])
    return View(image, mask, size, intrinsics, camera_in_world(pose, world))


def _region(box: Any, path: Path) -> np.ndarray:
    if not isinstance(box, dict) or "aabb" not in box:
        raise UserError(f"{path}: scene_box has no aabb, the box of the region of interest.")
    lower, upper = matrix(box["aabb"], 2, 3, f"{path}: aabb of scene_box")
    if not (upper > lower).all():
        raise UserError(f"{path}: aabb of scene_box is empty; its lower corner comes first, then the upper one.")
    return sphere_to_matrix((*(lower + upper) / 2, (upper - lower).max() / 2))
