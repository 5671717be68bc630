"""COLMAP folders: the largest of its models, with the photographs wherever programs put them beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nerfstudio.utils.rich_utils import CONSOLE

from idr_neus_plugins.data.files import first_folder, list_images, visible_folders
from idr_neus_plugins.data.formats.readers.colmap_model import ModelImage, is_model, read_cameras, read_images
from idr_neus_plugins.data.formats.readers.named import find_named
from idr_neus_plugins.data.formats.scene import PosedScene, View
from idr_neus_plugins.data.mask_pairs import with_masks
from idr_neus_plugins.errors import UserError

PLACES = ("", "sparse", "colmap", "colmap/sparse", "dense/sparse", "dense")
IMAGE_FOLDERS = ("images", "image", "input", "rgb", "dense/images", "images_2", "images_4", "images_8")
"""The first that is there; images_N are reduced by N, and so are their cameras then."""


def models_in(folder: Path) -> list[Path]:
    """Folders of models; the mapper numbers several: sparse/0, sparse/1, …"""
    places = [folder / place for place in PLACES]
    numbered = [sub for place in places[1:] if place.is_dir() for sub in visible_folders(place)]
    return [place for place in dict.fromkeys([*places, *numbered]) if is_model(place)]


@dataclass(frozen=True)
class _Model:
    folder: Path
    images: list[ModelImage]


def read_colmap(folder: Path) -> PosedScene:
    """Raises UserError where models are damaged, photographs are missing, or lenses cannot be trained with."""
    models = [_Model(place, read_images(place)) for place in models_in(folder)]
    model = max(models, key=lambda model: len(model.images))
    if not model.images:
        raise UserError(f"{model.folder} holds no images: nothing was registered. Estimate the cameras again.")
    if len(models) > 1:
        sizes = ", ".join(f"{each.folder.relative_to(folder)} with {len(each.images)}" for each in models)
        CONSOLE.print(f"Models: {sizes} views; {model.folder} is read.", soft_wrap=True, markup=False)
    image_folder = first_image_folder(folder)
    cameras = read_cameras(model.folder)
    views = []
    for image in model.images:
        if image.camera not in cameras:
            raise UserError(
                f"{model.folder}: {image.name} has camera {image.camera}, which is not in its cameras file."
            )
        camera = cameras[image.camera]
        path = find_named(image.name, [image_folder])
        views.append(View(path, None, camera.size, camera.lens.intrinsics, image.camera_to_world, *camera.lens[1:]))
    return with_masks(PosedScene(tuple(views), None), folder, image_folder)


def first_image_folder(folder: Path) -> Path:
    """Where the photographs are; the scene's folder itself where they lie there."""
    found = next((folder / name for name in IMAGE_FOLDERS if (folder / name).is_dir()), None)
    found = found or first_folder(folder, *IMAGE_FOLDERS)
    if found is None and list_images(folder):
        return folder
    if found is None:
        raise UserError(f"{folder} holds a COLMAP reconstruction but no folder images/ with its photographs.")
    return found
