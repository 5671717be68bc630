"""Polycam's raw data: keyframes/images and keyframes/cameras, or the corrected_ ones where the app made them.

World: ARKit's, metres, y upwards. Axes of the cameras: OpenGL.
"""

from __future__ import annotations

from pathlib import Path

from idr_neus_plugins.core.camera import flip_axes
from idr_neus_plugins.data.files import list_images, natural_key
from idr_neus_plugins.data.formats.readers.checks import pose_matrix
from idr_neus_plugins.data.formats.readers.lenses import pinhole
from idr_neus_plugins.data.formats.readers.named import find_named
from idr_neus_plugins.data.formats.scene import PosedScene, View
from idr_neus_plugins.data.mask_pairs import with_masks
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reading import number, read_json

PAIRS = (("corrected_images", "corrected_cameras"), ("images", "cameras"))


def is_polycam(folder: Path) -> bool:
    return _keyframes(folder) is not None


def _keyframes(folder: Path) -> tuple[Path, Path] | None:
    for root in (folder / "keyframes", folder):
        for images, cameras in PAIRS:
            if (root / images).is_dir() and (root / cameras).is_dir() and any((root / cameras).glob("*.json")):
                return root / images, root / cameras
    return None


def read_polycam(folder: Path) -> PosedScene:
    """Raises UserError for a camera that is damaged or without a photograph."""
    found = _keyframes(folder)
    assert found is not None
    images, cameras = found
    if not list_images(images):
        raise UserError(f"{images} holds no photographs. Export the raw data with its images.")
    paths = sorted(cameras.glob("*.json"), key=lambda path: natural_key(path.name))
    scene = PosedScene(tuple(_view(path, images) for path in paths if path.name[0] != "."), None)
    return with_masks(scene, folder, images)


def _view(path: Path, images: Path) -> View:
    camera = read_json(path)
    needed = [f"t_{row}{column}" for row in range(3) for column in range(4)]
    needed += ["fx", "fy", "cx", "cy", "width", "height"]
    missing = [key for key in needed if key not in camera]
    if missing:
        raise UserError(f"{path} has no {missing[0]}: it is no camera of Polycam's raw data.")
    values = {key: number(camera[key], f"{path}: {key}") for key in needed}
    pose = pose_matrix([values[key] for key in needed[:12]], f"{path}: its pose")
    size = (round(values["height"]), round(values["width"]))
    intrinsics = pinhole(*(values[key] for key in ("fx", "fy", "cx", "cy")))
    return View(find_named(path.stem, [images]), None, size, intrinsics, flip_axes(pose))
