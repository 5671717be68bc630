"""BlendedMVS as it is distributed: cams/NNNNNNNN_cam.txt, blended_images/NNNNNNNN.jpg, optionally masks/.

The files (Yao et al. 2020, in the form of Yao et al. 2018, MVSNet) hold a world-to-camera matrix with OpenCV axes, K,
and a range of depths. Pixel centres are taken to be on integers, as by NeuS's conversion of these scenes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.data.files import image_size, list_images
from idr_neus_plugins.data.formats.readers.checks import rigid
from idr_neus_plugins.data.formats.scene import PosedScene, View
from idr_neus_plugins.data.mask_pairs import with_masks
from idr_neus_plugins.data.projection import HALF_PIXEL
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reading import matrix, read_text

IMAGES, CAMERAS = "blended_images", "cams"
MASKED = "_masked"
"""Photographs with a black background lie beside the others; they are not read."""


def is_blended_mvs(folder: Path) -> bool:
    return (folder / IMAGES).is_dir() and (folder / CAMERAS).is_dir()


def read_blended_mvs(folder: Path) -> PosedScene:
    """All views that have a photograph and a camera. Raises UserError where one of them has no partner."""
    images = [path for path in list_images(folder / IMAGES) if not path.stem.endswith(MASKED)]
    if not images:
        raise UserError(f"{folder / IMAGES} holds no photographs.")
    scene = PosedScene(tuple(_view(image, folder / CAMERAS) for image in images), None)
    return with_masks(scene, folder, folder / IMAGES)


def _view(image: Path, cameras: Path) -> View:
    camera_to_world, intrinsics = read_camera(cameras / f"{image.stem}_cam.txt")
    intrinsics[:2, 2] += HALF_PIXEL
    return View(image, None, image_size(image), intrinsics, camera_to_world)


def read_camera(path: Path) -> tuple[Float[np.ndarray, "4 4"], Float[np.ndarray, "3 3"]]:
    """(camera-to-world, K as the file has it). Raises UserError for a missing or malformed file."""
    if not path.is_file():
        raise UserError(f"{path} does not exist: each photograph needs its camera file.")
    words = read_text(path).split()
    if "extrinsic" not in words or "intrinsic" not in words:
        raise UserError(f"{path} is no camera file of BlendedMVS: it needs a part `extrinsic` and a part `intrinsic`.")
    extrinsic, intrinsic = words.index("extrinsic") + 1, words.index("intrinsic") + 1
    from_world = matrix(words[extrinsic : extrinsic + 16], 4, 4, f"{path}: extrinsic")
    intrinsics = matrix(words[intrinsic : intrinsic + 9], 3, 3, f"{path}: intrinsic")
    return np.linalg.inv(rigid(from_world, f"{path}: extrinsic")), intrinsics.copy()
