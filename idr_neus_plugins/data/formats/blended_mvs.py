"""BlendedMVS as it is distributed: cams/NNNNNNNN_cam.txt, blended_images/NNNNNNNN.jpg, optionally masks/.

The files (Yao et al. 2020, in the form of Yao et al. 2018, MVSNet) hold a world-to-camera matrix with OpenCV axes, K,
and a range of depths. Pixel centres are taken to be on integers, as by NeuS's conversion of these scenes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.data.files import first_folder, image_size, list_images
from idr_neus_plugins.data.formats.scene import PosedScene, View
from idr_neus_plugins.data.projection import HALF_PIXEL
from idr_neus_plugins.errors import UserError

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
    mask_folder = first_folder(folder, "masks", "mask")
    return PosedScene(tuple(_view(image, folder / CAMERAS, mask_folder) for image in images), None)


def _view(image: Path, cameras: Path, mask_folder: Path | None) -> View:
    camera_to_world, intrinsics = read_camera(cameras / f"{image.stem}_cam.txt")
    intrinsics[:2, 2] += HALF_PIXEL
    mask = None
    if mask_folder is not None:
        mask = next((path for path in list_images(mask_folder) if path.stem == image.stem), None)
        if mask is None:
            raise UserError(f"{mask_folder} holds no mask for {image.name}. Remove the folder to do without masks.")
    return View(image, mask, image_size(image), intrinsics, camera_to_world)


def read_camera(path: Path) -> tuple[Float[np.ndarray, "4 4"], Float[np.ndarray, "3 3"]]:
    """(camera-to-world, K as the file has it). Raises UserError for a missing or malformed file."""
    try:
        words = path.read_text().split()
        extrinsic, intrinsic = words.index("extrinsic") + 1, words.index("intrinsic") + 1
        from_world = np.array(words[extrinsic : extrinsic + 16], dtype=np.float64).reshape(4, 4)
        intrinsics = np.array(words[intrinsic : intrinsic + 9], dtype=np.float64).reshape(3, 3)
        camera_to_world = np.linalg.inv(from_world)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: each photograph needs its camera file.") from None
    except (OSError, ValueError, np.linalg.LinAlgError) as error:
        raise UserError(f"{path} is no camera file of BlendedMVS ({error}).") from None
    if not np.isfinite(camera_to_world).all():
        raise UserError(f"{path} holds NaN or infinite numbers. Remove the view.")
    return camera_to_world, intrinsics
