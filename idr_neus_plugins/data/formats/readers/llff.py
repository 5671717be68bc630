"""LLFF's poses_bounds.npy: one row per photograph, in the order of their names.

A row is a 3x5 matrix and two depths (Mildenhall et al. 2019): the camera's axes down, right and backwards, its centre,
and (height, width, focal length). The depths are not read. World: that of the file.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from idr_neus_plugins.data.files import list_images
from idr_neus_plugins.data.formats.readers.colmap import first_image_folder
from idr_neus_plugins.data.formats.readers.lenses import pinhole
from idr_neus_plugins.data.formats.scene import PosedScene, View
from idr_neus_plugins.data.mask_pairs import with_masks
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reading import load_npy

POSES = "poses_bounds.npy"


def read_llff(folder: Path) -> PosedScene:
    """Raises UserError where the file is none of LLFF or holds another number of cameras than there are photographs."""
    path = folder / POSES
    rows = load_npy(path)
    if rows.ndim != 2 or rows.shape[1] != 17 or rows.dtype.kind not in "fiu":
        raise UserError(f"{path} has the shape {list(rows.shape)}; LLFF's files have 17 numbers per photograph.")
    image_folder = first_image_folder(folder)
    images = list_images(image_folder)
    if len(images) != len(rows):
        raise UserError(
            f"{path} holds {len(rows)} cameras for {len(images)} photographs in {image_folder}. Row i belongs to the "
            "i-th photograph by name, so the numbers must agree: put the missing photographs back."
        )
    matrices = rows[:, :15].astype(np.float64).reshape(-1, 3, 5)
    views = tuple(_view(image, values, path) for image, values in zip(sorted(images), matrices, strict=True))
    return with_masks(PosedScene(views, None), folder, image_folder)


def _view(image: Path, values: np.ndarray, path: Path) -> View:
    down, right, backwards, centre, (height, width, focal) = values.T
    if not (np.isfinite(values).all() and 0 < height < 2**20 and 0 < width < 2**20):
        raise UserError(
            f"{path}: the camera of {image.name} has no size or is not finite. Remove the photograph and its row."
        )
    pose = np.eye(4)
    pose[:3] = np.stack([right, down, -backwards, centre], axis=1)
    return View(image, None, (round(height), round(width)), pinhole(focal, focal, width / 2, height / 2), pose)
