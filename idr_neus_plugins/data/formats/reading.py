"""Any known layout -> a :class:`PosedScene`: for training, for the doctor and for every other command."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from idr_neus_plugins.data.camera_order import in_order_of_names
from idr_neus_plugins.data.formats.corrections import Axis, mirror_world
from idr_neus_plugins.data.formats.layout import Layout, where, with_file
from idr_neus_plugins.data.formats.readers.blended_mvs import is_blended_mvs, read_blended_mvs
from idr_neus_plugins.data.formats.readers.bundle_sdf import is_bundle_sdf, read_bundle_sdf
from idr_neus_plugins.data.formats.readers.checks import checked
from idr_neus_plugins.data.formats.readers.colmap import models_in, read_colmap
from idr_neus_plugins.data.formats.readers.llff import POSES, read_llff
from idr_neus_plugins.data.formats.readers.metashape import find_metashape, read_metashape
from idr_neus_plugins.data.formats.readers.polycam import is_polycam, read_polycam
from idr_neus_plugins.data.formats.readers.reality_capture import find_reality_capture, read_reality_capture
from idr_neus_plugins.data.formats.readers.sdfstudio import read_sdfstudio
from idr_neus_plugins.data.formats.readers.transforms import read_split_transforms, read_transforms
from idr_neus_plugins.data.formats.readers.unknown import what_is_there
from idr_neus_plugins.data.formats.scene import PosedScene, View, camera_in_world
from idr_neus_plugins.data.idr_scene import CAMERA_FILES, IdrScene, camera_files, read_idr_scene
from idr_neus_plugins.errors import UserError

LAYOUTS = (
    Layout(with_file("meta_data.json"), read_sdfstudio),
    Layout(where(is_blended_mvs), read_blended_mvs),
    Layout(with_file("transforms.json"), read_transforms),
    Layout(where(lambda folder: (folder / "transforms_train.json").is_file()), read_split_transforms),
    Layout(where(models_in), read_colmap),
    Layout(where(lambda folder: (folder / POSES).is_file()), read_llff),
    Layout(where(is_polycam), read_polycam),
    Layout(where(is_bundle_sdf), read_bundle_sdf),
    Layout(find_reality_capture, read_reality_capture),
    Layout(find_metashape, read_metashape),
)
"""What a folder without IDR's cameras may be; of several the first. Cameras with a region of interest come before
poses, and poses before what they were made from."""


def read_posed_scene(path: Path, cameras: str = "auto", mirror: Axis | None = None) -> PosedScene:
    """The scene in a folder or json file. ``cameras`` names the npz of an IDR/NeuS folder that holds several.

    ``mirror`` turns an axis of a left-handed world round, which is refused otherwise.
    Raises UserError where nothing known is there or it cannot be read.
    """
    if not path.exists():
        raise UserError(f"{path} does not exist. Name a scene: a folder, or a json file.")
    reader = find_reader(path, cameras)
    if reader is None:
        raise UserError(what_is_there(path))
    scene = reader()
    return checked(scene if mirror is None else mirror_world(scene, mirror))


def find_reader(path: Path, cameras: str = "auto") -> Callable[[], PosedScene] | None:
    """What reads this folder or file; None for one that is in no known layout.

    IDR's cameras, which bring a region of interest, come first, then ``LAYOUTS``.
    """
    if path.suffix == ".json":
        return lambda: (read_sdfstudio if path.name == "meta_data.json" else read_transforms)(path)
    if not path.is_dir():
        return None
    if cameras != "auto" or camera_files(path):
        return lambda: from_idr_scene(read_idr_scene(path, cameras))
    for layout in LAYOUTS:
        if (found := layout.find(path)) is not None:
            return partial(layout.read, found)
    if any((path / name).is_file() for name in CAMERA_FILES):  # damaged, or of something else: its reader says so
        return lambda: from_idr_scene(read_idr_scene(path))
    return None


def from_idr_scene(scene: IdrScene) -> PosedScene:
    """The same in the world; cameras that were written in the order of the names as text are put in order."""
    masks = scene.mask_filenames or [None] * len(scene.image_filenames)
    files = zip(scene.image_filenames, masks, scene.sizes, strict=True)
    poses = camera_in_world(scene.camera_to_scene, scene.world_from_scene)
    cameras = zip(scene.intrinsics, poses, strict=True)
    views = tuple(View(*of_files, *camera) for of_files, camera in zip(files, cameras, strict=True))
    return in_order_of_names(PosedScene(views, scene.world_from_scene))
