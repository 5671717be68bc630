"""Folders of RGB-D trackers (BundleSDF, YCBInEOAT, HO3D): rgb/, cam_K.txt, one 4x4 matrix per photograph, masks/.

The folder's name says which way the matrices go: ob_in_cam and annotated_poses hold the object in the camera's frame,
poses and cam_in_ob the camera in the object's. Axes: OpenCV; pixel centres are taken to be on integers.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from idr_neus_plugins.data.files import first_folder, image_size, list_images
from idr_neus_plugins.data.formats.readers.checks import pose_matrix
from idr_neus_plugins.data.formats.scene import PosedScene, View
from idr_neus_plugins.data.mask_pairs import with_masks
from idr_neus_plugins.data.projection import HALF_PIXEL
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reading import matrix, read_text

INTRINSICS = ("cam_K.txt", "cam_k.txt", "intrinsics.txt")
TO_WORLD = ("poses", "pose", "cam_in_ob")
FROM_WORLD = ("ob_in_cam", "annotated_poses", "poses_ob_in_cam")
IMAGES = ("rgb", "images", "image", "color")


def is_bundle_sdf(folder: Path) -> bool:
    matrices = first_folder(folder, *TO_WORLD, *FROM_WORLD)
    return matrices is not None and first_folder(folder, *IMAGES) is not None and _intrinsics_file(folder) is not None


def _intrinsics_file(folder: Path) -> Path | None:
    return next((folder / name for name in INTRINSICS if (folder / name).is_file()), None)


def read_bundle_sdf(folder: Path) -> PosedScene:
    """All photographs that have a pose. Raises UserError where none has, or a matrix is none."""
    image_folder, matrices, intrinsics = first_folder(folder, *IMAGES), _matrices(folder), _intrinsics_file(folder)
    assert image_folder is not None and intrinsics is not None
    words = read_text(intrinsics).replace(",", " ").split()
    sides = 4 if len(words) == 16 else 3
    given = matrix(words, sides, sides, f"{intrinsics}: K")[:3, :3].copy()
    given[:2, 2] += HALF_PIXEL
    views = []
    for image in list_images(image_folder):
        path = next(
            (path for path in (matrices / f"{image.stem}{end}.txt" for end in ("", ".pose")) if path.is_file()), None
        )
        if path is None:
            continue
        pose = pose_matrix(read_text(path).replace(",", " ").split(), f"{path}: its matrix")
        if matrices.name.lower() in FROM_WORLD:
            pose = np.linalg.inv(pose)
        views.append(View(image, None, image_size(image), given, pose))
    if not views:
        raise UserError(f"{matrices} holds no matrix for a photograph in {image_folder}: 0000.txt belongs to 0000.png.")
    return with_masks(PosedScene(tuple(views), None), folder, image_folder)


def _matrices(folder: Path) -> Path:
    found = [path for name in (*TO_WORLD, *FROM_WORLD) if (path := first_folder(folder, name)) is not None]
    if len(found) > 1:
        raise UserError(
            f"{folder} has matrices in {found[0].name}/ (camera in the object's frame) and in {found[1].name}/. "
            "Move the folder elsewhere whose matrices are not to be read."
        )
    return found[0]
