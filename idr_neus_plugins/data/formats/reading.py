"""Any known layout -> a :class:`PosedScene`: for training, for the doctor and for every other command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from idr_neus_plugins.data.camera_order import in_order_of_names
from idr_neus_plugins.data.formats.corrections import Axis, mirror_world
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

    A folder may be in several: cameras with a region of interest come first, then poses, then what they were made from.
    """
    if path.suffix == ".json":
        return lambda: (read_sdfstudio if path.name == "meta_data.json" else read_transforms)(path)
    if not path.is_dir():
        return None
    if cameras != "auto" or camera_files(path):
        return lambda: from_idr_scene(read_idr_scene(path, cameras))
    return _find_foreign_reader(path)


def _find_foreign_reader(path: Path) -> Callable[[], PosedScene] | None:
    if (path / "meta_data.json").is_file():
        return lambda: read_sdfstudio(path / "meta_data.json")
    if is_blended_mvs(path):
        return lambda: read_blended_mvs(path)
    if (path / "transforms.json").is_file():
        return lambda: read_transforms(path / "transforms.json")
    if (path / "transforms_train.json").is_file():
        return lambda: read_split_transforms(path)
    if models_in(path):
        return lambda: read_colmap(path)
    if (path / POSES).is_file():
        return lambda: read_llff(path)
    if is_polycam(path):
        return lambda: read_polycam(path)
    if is_bundle_sdf(path):
        return lambda: read_bundle_sdf(path)
    if (table := find_reality_capture(path)) is not None:
        return lambda: read_reality_capture(table)
    if (document := find_metashape(path)) is not None:
        return lambda: read_metashape(document)
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
