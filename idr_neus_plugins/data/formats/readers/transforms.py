"""transforms.json of nerfstudio and instant-ngp, and the transforms_train/val/test.json of NeRF's synthetic scenes.

World: that of the file, before ``applied_transform`` and ``applied_scale`` where it has them. Axes of the cameras:
OpenGL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.core.camera import flip_axes
from idr_neus_plugins.core.similarity import Similarity
from idr_neus_plugins.data.files import image_size
from idr_neus_plugins.data.formats.readers.checks import pose_matrix
from idr_neus_plugins.data.formats.readers.lenses import pinhole
from idr_neus_plugins.data.formats.readers.named import find_mask, find_named
from idr_neus_plugins.data.formats.scene import PosedScene, View
from idr_neus_plugins.data.mask_pairs import with_masks
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reading import matrix, number, read_json

LENS = ("k1", "k2", "k3", "k4", "p1", "p2")
PERSPECTIVE = ("OPENCV", "PINHOLE", "SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL", "PERSPECTIVE")
FISHEYE = ("OPENCV_FISHEYE", "FISHEYE", "SIMPLE_RADIAL_FISHEYE", "RADIAL_FISHEYE")
SPLITS = ("train", "val", "test")
IMAGE_FOLDERS = ("images", "image", "rgb", "input")
"""Where a photograph may lie too, if its folder was renamed."""


@dataclass(frozen=True)
class _Frame:
    """One entry of ``frames``, with what the whole file says where it says nothing itself."""

    path: Path
    own: Mapping[str, Any]
    common: Mapping[str, Any]

    def get(self, key: str) -> float | None:
        value = self.own.get(key, self.common.get(key))
        return None if value is None else number(value, f"{self.path}: {key} of {self.own.get('file_path')}")


def read_transforms(path: Path) -> PosedScene:
    """Raises UserError that names the file and the photograph for whatever is missing or wrong."""
    meta = read_json(path)
    frames = _frames(path, meta)
    found = _merged([(frame, _view(frame, to_world(meta, path))) for frame in frames])
    views, held_out = _splits(found, meta, path)
    world_from_scene = matrix(meta["scale_mat"], 4, 4, f"{path}: scale_mat") if "scale_mat" in meta else None
    scene = PosedScene(views, world_from_scene, held_out=held_out)
    return _with_masks(scene, [frame for frame, view in found if view in views], path.parent)


def read_split_transforms(folder: Path) -> PosedScene:
    """transforms_train.json is trained on; the views of the others are held out."""
    views: list[View] = []
    trained_on = 0
    for split in SPLITS:
        path = folder / f"transforms_{split}.json"
        if path.is_file():
            meta = read_json(path)
            views += [view for _, view in _merged([(f, _view(f, to_world(meta, path))) for f in _frames(path, meta)])]
        trained_on = trained_on or len(views)
    return PosedScene(tuple(views), None, held_out=tuple(range(trained_on, len(views))))


def to_world(meta: Mapping[str, Any], path: Path) -> Similarity:
    """From the file's frame to the world in which the poses were estimated: undoes applied_transform, applied_scale."""
    scale = number(meta.get("applied_scale", 1.0), f"{path}: applied_scale")
    turned = pose_matrix(meta.get("applied_transform", np.eye(4)), f"{path}: applied_transform")
    if scale <= 0:
        raise UserError(f"{path}: applied_scale is {scale:g}; a positive number is expected.")
    return Similarity(scale, turned[:3, :3], scale * turned[:3, 3]).inverse()


def _frames(path: Path, meta: Mapping[str, Any]) -> list[_Frame]:
    frames = meta.get("frames")
    if not isinstance(frames, list) or not frames or not all(isinstance(frame, dict) for frame in frames):
        raise UserError(f"{path} has no list `frames` with its photographs and their poses.")
    for place, frame in enumerate(frames):
        if not isinstance(frame.get("file_path"), str):
            raise UserError(f"{path}: frame {place} has no file_path with its photograph's name.")
        if "transform_matrix" not in frame:
            raise UserError(f"{path}: the frame of {frame['file_path']} has no transform_matrix. Remove the frame.")
    made = [_Frame(path, frame, meta) for frame in frames]
    return sorted(made, key=lambda frame: str(path.parent / frame.own["file_path"]))


def _view(frame: _Frame, to_world: Similarity) -> View:
    image = find_named(frame.own["file_path"], _folders(frame.path.parent))
    where = f"{frame.path}: transform_matrix of {frame.own['file_path']}"
    pose = to_world.cameras(flip_axes(pose_matrix(frame.own["transform_matrix"], where)))
    height, width = _size(frame, image)
    distortion = tuple(frame.get(key) or 0.0 for key in LENS)
    return View(image, None, (height, width), _intrinsics(frame, width, height), pose, distortion, _is_fisheye(frame))


def _folders(folder: Path) -> list[Path]:
    return [folder, *(folder / name for name in IMAGE_FOLDERS)]


def _size(frame: _Frame, image: Path) -> tuple[int, int]:
    """(height, width) for which the camera is made; that of the photograph where the file does not say."""
    height, width = (frame.get(key) for key in ("h", "w"))
    if height is None or width is None:
        return image_size(image)
    if not (0 < height < 2**20 and 0 < width < 2**20):
        raise UserError(f"{frame.path}: w and h of {image.name} are {width:g} and {height:g}. Correct them.")
    return round(height), round(width)


def _intrinsics(frame: _Frame, width: int, height: int) -> Float[np.ndarray, "3 3"]:
    """Focal lengths in pixels or as angles of view; the principal point is the middle where the file does not say."""
    fx, fy = frame.get("fl_x"), frame.get("fl_y")
    fx = _from_angle(frame.get("camera_angle_x"), width) if fx is None else fx
    fy = _from_angle(frame.get("camera_angle_y"), height) if fy is None else fy
    fx, fy = fx or fy, fy or fx
    if fx is None or fy is None:
        raise UserError(
            f"{frame.path}: {frame.own['file_path']} has no focal length: neither fl_x (pixels) nor camera_angle_x "
            "(radians). Add one of them, to the frame or for all of them."
        )
    cx, cy = frame.get("cx"), frame.get("cy")
    return pinhole(fx, fy, width / 2 if cx is None else cx, height / 2 if cy is None else cy)


def _from_angle(angle: float | None, size: int) -> float | None:
    return None if angle is None or not 0 < angle < np.pi else size / 2 / float(np.tan(angle / 2))


def _is_fisheye(frame: _Frame) -> bool:
    name = str(frame.own.get("camera_model", frame.common.get("camera_model", "OPENCV"))).upper()
    if name not in (*PERSPECTIVE, *FISHEYE):
        raise UserError(
            f"{frame.path}: camera_model {name} is neither a perspective camera ({', '.join(PERSPECTIVE)}) nor a "
            f"fisheye ({', '.join(FISHEYE)}). Cut perspective views out of the photographs."
        )
    return name in FISHEYE or bool(frame.own.get("is_fisheye", frame.common.get("is_fisheye", False)))


def _merged(found: Sequence[tuple[_Frame, View]]) -> list[tuple[_Frame, View]]:
    """Each photograph once. Raises UserError where two frames give it different poses."""
    kept: dict[Path, tuple[_Frame, View]] = {}
    for frame, view in found:
        other = kept.setdefault(view.image, (frame, view))[1]
        if not np.allclose(other.camera_to_world, view.camera_to_world, rtol=1e-6, atol=1e-9):
            raise UserError(
                f"{frame.path} has two frames with different poses for {frame.own['file_path']}. Remove the wrong one."
            )
    return list(kept.values())


def _splits(
    found: Sequence[tuple[_Frame, View]], meta: Mapping[str, Any], path: Path
) -> tuple[tuple[View, ...], tuple[int, ...]]:
    """(the views in lists of file names, which of them are not trained on), where there are such lists."""
    listed = {split: meta[f"{split}_filenames"] for split in SPLITS if meta.get(f"{split}_filenames")}
    if not listed:
        return tuple(view for _, view in found), ()
    if not all(isinstance(names, list) for names in listed.values()):
        raise UserError(f"{path}: {', '.join(f'{split}_filenames' for split in listed)} must be lists of names.")
    wanted = {split: {find_named(n, _folders(path.parent)) for n in names} for split, names in listed.items()}
    unknown = sorted(set().union(*wanted.values()) - {view.image for _, view in found})
    if unknown:
        raise UserError(f"{path} lists {unknown[0].name} for a split, but no frame has it. Remove it from the list.")
    views = tuple(view for _, view in found if any(view.image in names for names in wanted.values()))
    trained_on = wanted.get("train", {view.image for view in views})
    return views, tuple(number for number, view in enumerate(views) if view.image not in trained_on)


def _with_masks(scene: PosedScene, frames: Sequence[_Frame], folder: Path) -> PosedScene:
    """Masks that the frames name or, where none does, those of a folder beside the photographs."""
    from dataclasses import replace

    names = [frame.own.get("mask_path") for frame in frames]
    if not any(names):
        common = folder / re.sub(r"[\\/].*", "", frames[0].own["file_path"])
        return with_masks(scene, folder, common if common.is_dir() else folder)
    if not all(names):
        lonely = frames[names.index(None)] if None in names else frames[0]
        raise UserError(
            f"{lonely.path}: the frame of {lonely.own['file_path']} has no mask_path, but others have. Give each frame "
            "one, or none."
        )
    masks = [find_mask(name, [folder]) for name in names]
    return replace(scene, views=tuple(replace(v, mask=mask) for v, mask in zip(scene.views, masks, strict=True)))
