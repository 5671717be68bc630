"""Photographs of objects as a user brings them, and the truth about them, which lies in a file of its own.

    DIR/camera.json        fl_x, fl_y, cx, cy, w, h in pixels (centres at half-integers); if known camera_height, the
                           camera's height over the ground that the objects stand on, and camera_up, the direction
                           away from the ground in the camera's axes; or lists with one for each image
    DIR/image/000.png ...  RGBA, the object cut out; or RGB with
    DIR/mask/000.png ...   its masks; of several objects mask/<object>/000.png ...
    DIR/depth/000.npy ...  where there are some: depths along the optical axis [h, w], 0 where unknown

A single image has its camera.json beside it. ``truth.json`` (generated scenes): for each frame ``camera_to_world`` 4x4
and its ``objects``, each with its ``mesh`` (object frame) and ``object_to_camera``, a similarity 4x4.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from idr_neus_plugins.data.files import image_size, list_images
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.reading import read_mesh
from idr_neus_plugins.pose.evaluation.scores import PosedMesh
from idr_neus_plugins.pose.ground import Ground
from idr_neus_plugins.reading import as_data, load_npy, matrix, number, read_json
from idr_neus_plugins.single_view.reconstruction.inputs import read_cut_out

CAMERA, IMAGES, MASKS, DEPTHS, TRUTH, MESHES = "camera.json", "image", "mask", "depth", "truth.json", "truth"


@dataclass(frozen=True)
class Frame:
    """One photograph."""

    image: Path
    masks: tuple[Path | None, ...]
    """One for each object; None where the image's alpha tells."""
    depth: Path | None

    def cut_out(self, which: int = 0) -> UInt8[np.ndarray, "h w 4"]:
        """The image with one object as its alpha. Raises UserError as ``read_cut_out``."""
        return read_cut_out(self.image, self.masks[which])

    def depths(self) -> Float[np.ndarray, "h w"] | None:
        if self.depth is None:
            return None
        depths = load_npy(self.depth)
        with as_data(self.depth, "depths"):
            depths = depths.astype(float)
        if depths.shape != image_size(self.image):
            raise UserError(f"{self.depth} has the shape {depths.shape}; {self.image} is {image_size(self.image)}.")
        return depths


@dataclass(frozen=True)
class Photographs:
    """What is given."""

    frames: tuple[Frame, ...]
    intrinsics: Float[np.ndarray, "3 3"]
    grounds: tuple[Ground, ...]
    """What is known of it, for each frame."""

    @property
    def objects(self) -> int:
        return len(self.frames[0].masks)


@dataclass(frozen=True)
class TrueObject:
    mesh: Path
    object_to_camera: Float[np.ndarray, "4 4"]

    def posed(self) -> PosedMesh:
        """With its mesh read. Raises UserError where there is none."""
        return PosedMesh(read_mesh(self.mesh), self.object_to_camera)


@dataclass(frozen=True)
class TrueFrame:
    camera_to_world: Float[np.ndarray, "4 4"]
    objects: tuple[TrueObject, ...]


def read_photographs(path: Path) -> Photographs:
    """A folder, or one image. Raises UserError where there is no image, no intrinsics, or a mask is missing."""
    if path.is_file():
        return _with_camera((Frame(path, (None,), None),), path.parent)
    if not (path / IMAGES).is_dir():
        raise UserError(f"{path} is neither an image nor a folder with {IMAGES}/ and {CAMERA}.")
    images = list_images(path / IMAGES)
    if not images:
        raise UserError(f"{path / IMAGES} holds no images.")
    folders = _mask_folders(path / MASKS)
    return _with_camera(tuple(_frame(image, folders, path / DEPTHS) for image in images), path)


def read_truth(folder: Path) -> tuple[TrueFrame, ...]:
    """Raises UserError where there is none."""
    path = folder / TRUTH
    if not path.is_file():
        raise UserError(f"There is no {path}, so nothing to compare with. idr-neus make-poses writes one.")
    rows = read_json(path)
    with as_data(path, "the truth about photographs", "Make it again: idr-neus make-poses."):
        return tuple(
            TrueFrame(
                matrix(row["camera_to_world"], 4, 4, "camera_to_world"),
                tuple(
                    TrueObject(folder / each["mesh"], matrix(each["object_to_camera"], 4, 4, "object_to_camera"))
                    for each in row["objects"]
                ),
            )
            for row in rows["frames"]
        )


def _mask_folders(masks: Path) -> list[Path | None]:
    if not masks.is_dir():
        return [None]
    folders = sorted(path for path in masks.iterdir() if path.is_dir())
    return [*folders] or [masks]


def _frame(image: Path, folders: list[Path | None], depths: Path) -> Frame:
    masks = tuple(None if folder is None else folder / f"{image.stem}.png" for folder in folders)
    if missing := [mask for mask in masks if mask is not None and not mask.is_file()]:
        raise UserError(f"{image} has no mask {missing[0]}. Every image needs one of each object.")
    depth = depths / f"{image.stem}.npy"
    return Frame(image, masks, depth if depth.is_file() else None)


def _with_camera(frames: tuple[Frame, ...], folder: Path) -> Photographs:
    """Raises UserError where there are no intrinsics, or those of other images."""
    path = folder / CAMERA
    if not path.is_file():
        raise UserError(
            f"The camera's intrinsics are not known: there is no {path}. Write one with fl_x, fl_y, cx, cy, w and h in "
            'pixels, e.g. {"fl_x": 245, "fl_y": 245, "cx": 112, "cy": 112, "w": 224, "h": 224}.'
        )
    camera = read_json(path)
    with as_data(path, "a camera", "It must hold fl_x, fl_y, cx, cy, w and h as numbers."):
        fx, fy, cx, cy, height, width = (number(camera[name], name) for name in ("fl_x", "fl_y", "cx", "cy", "h", "w"))
        size, grounds = (int(height), int(width)), _grounds(camera, len(frames))
        if min(fx, fy) <= 0:
            raise ValueError(f"focal lengths of {fx:g} and {fy:g}")
    for frame in frames:
        if image_size(frame.image) != size:
            raise UserError(f"{frame.image} is {image_size(frame.image)} high and wide; {path} is for {size}.")
    return Photographs(frames, np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]]), grounds)


def _grounds(camera: dict[str, Any], frames: int) -> tuple[Ground, ...]:
    """Raises ValueError for lists of another length, and where no direction is up."""
    heights = _for_each(camera.get("camera_height"), frames, (), "camera heights")
    ups = _for_each(camera.get("camera_up"), frames, (3,), "camera_up")
    if ups is not None:
        lengths = np.linalg.norm(ups, axis=1, keepdims=True)
        if not (lengths.all() and np.isfinite(lengths).all()):
            raise ValueError("camera_up is zero or not finite")
        ups = ups / lengths
    return tuple(
        Ground(None if heights is None else float(heights[frame]), None if ups is None else ups[frame])
        for frame in range(frames)
    )


def _for_each(given: Any, frames: int, shape: tuple[int, ...], name: str) -> np.ndarray | None:
    """One value for every frame, from one for all or a list. Raises ValueError for a list of another length."""
    if given is None:
        return None
    values = np.array(given, float)
    if values.shape == shape:
        return np.broadcast_to(values, (frames, *shape))
    if values.shape != (frames, *shape):
        raise ValueError(f"{len(values)} {name} for {frames} images")
    return values
