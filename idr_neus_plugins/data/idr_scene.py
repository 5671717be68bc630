"""Scenes in the layout of IDR and NeuS: images, optional masks and an npz with ``world_mat_i`` and ``scale_mat_i``.

``world_mat_i`` projects world points (mm for DTU) to pixels of image i, with pixel centres on integers; ``scale_mat_i``
takes the scene (region of interest = unit sphere) to the world. Released data sets: DTU in IDR's and NeuS's
preparation, BlendedMVS in NeuS's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.data.files import first_folder, image_size, list_images
from idr_neus_plugins.data.projection import (
    HALF_PIXEL,
    LARGEST_SKEW_PX,
    decompose_projection,
    skew_in_pixels,
    split_similarity,
)
from idr_neus_plugins.errors import UserError

CAMERA_FILES = ("cameras_sphere.npz", "cameras.npz")
"""In this order: NeuS's file fits the unit sphere more tightly around the object than IDR's."""


@dataclass(frozen=True)
class IdrScene:
    """All views of a scene. Frames: scene (unit sphere), world (the file's), camera (OpenCV)."""

    image_filenames: list[Path]
    mask_filenames: list[Path] | None
    sizes: list[tuple[int, int]]
    """(height, width) per view."""
    intrinsics: Float[np.ndarray, "views 3 3"]
    """Pixels, with pixel centres on half-integers (nerfstudio's convention), no skew."""
    camera_to_scene: Float[np.ndarray, "views 4 4"]
    world_from_scene: Float[np.ndarray, "4 4"]
    """``scale_mat``."""
    camera_file: Path


def find_camera_file(folder: Path, name: str = "auto") -> Path:
    """The npz called ``name``; "auto": cameras_sphere.npz, then cameras.npz, then the only npz that holds cameras."""
    if name != "auto":
        path = folder / (name if name.endswith(".npz") else f"{name}.npz")
        if not path.is_file():
            raise UserError(f"{path} does not exist. {folder} holds: {_names(folder.glob('*.npz'))}.")
        return path
    standard = [folder / candidate for candidate in CAMERA_FILES if (folder / candidate).is_file()]
    candidates = standard[:1] or [path for path in sorted(folder.glob("*.npz")) if "world_mat_0" in load_npz(path)]
    if len(candidates) != 1:
        found = f"several: {_names(candidates)}" if candidates else "none"
        raise UserError(
            f"{folder} needs {' or '.join(CAMERA_FILES)} with world_mat_i and scale_mat_i; found {found}. "
            "Choose one by name with --cameras NAME. There is no transforms.json, meta_data.json or COLMAP model."
        )
    return candidates[0]


def read_idr_scene(folder: Path, cameras: str = "auto") -> IdrScene:
    """Reads and checks a scene; pixels stay on disk. Raises UserError that says what is wrong with the folder."""
    images = _require_images(folder)
    camera_file = find_camera_file(folder, cameras)
    masks = _matching_masks(folder, images)
    sizes = [image_size(path) for path in images]
    _check_mask_sizes(images, sizes, masks)
    world_mats, scale_mat = _read_matrices(camera_file, len(images))
    views = [_decompose(mat @ scale_mat, i, sizes[i][0], camera_file) for i, mat in enumerate(world_mats)]
    intrinsics, camera_to_scene = (np.stack(part) for part in zip(*views, strict=True))
    _check_principal_points(intrinsics, sizes, camera_file)
    return IdrScene(images, masks, sizes, intrinsics, camera_to_scene, scale_mat, camera_file)


def _require_images(folder: Path) -> list[Path]:
    image_folder = first_folder(folder, "image", "images")
    images = list_images(image_folder) if image_folder else []
    if not images:
        raise UserError(f"No images: {folder} needs a folder image/ or images/ with .png or .jpg files.")
    return images


def _matching_masks(folder: Path, images: list[Path]) -> list[Path] | None:
    mask_folder = first_folder(folder, "mask", "masks")
    masks = list_images(mask_folder) if mask_folder else []
    if not masks:
        return None
    if len(masks) != len(images):
        raise UserError(
            f"{len(images)} images in {images[0].parent} but {len(masks)} masks in {mask_folder}: "
            "there must be one mask per image. Remove the mask folder to train without masks."
        )
    for image, mask in zip(images, masks, strict=True):
        if image.stem.isdigit() and mask.stem.isdigit() and int(image.stem) != int(mask.stem):
            raise UserError(f"Image {image.name} would be paired with mask {mask.name}: one of them is missing a file.")
    return masks


def _check_mask_sizes(images: list[Path], sizes: list[tuple[int, int]], masks: list[Path] | None) -> None:
    for image, (height, width), mask in zip(images, sizes, masks or [], strict=masks is not None):
        mask_height, mask_width = image_size(mask)
        if (mask_height, mask_width) != (height, width):
            raise UserError(
                f"{mask} has {mask_width}x{mask_height} pixels, but its image {image.name} has {width}x{height}."
            )


def _read_matrices(path: Path, num_images: int) -> tuple[Float[np.ndarray, "views 4 4"], Float[np.ndarray, "4 4"]]:
    arrays = load_npz(path)
    num_cameras = sum(name.startswith("world_mat_") and name[10:].isdigit() for name in arrays)
    if num_cameras != num_images:
        raise UserError(
            f"{path} holds {num_cameras} cameras (world_mat_i) for {num_images} images. Camera i belongs to the i-th "
            "image, so the numbers must agree."
        )
    missing = [i for i in range(num_images) if f"world_mat_{i}" not in arrays]
    if missing or "scale_mat_0" not in arrays:
        lacking = f"world_mat_{missing[0]}" if missing else "scale_mat_0, which places the region of interest"
        raise UserError(
            f"{path} lacks {lacking}. Run `idr-neus normalize` on the scene, or choose another file with --cameras."
        )
    world_mats = np.stack([_matrix(arrays, f"world_mat_{i}", path) for i in range(num_images)])
    scale_mat = _matrix(arrays, "scale_mat_0", path)
    for i in range(1, num_images):
        if not np.allclose(_matrix(arrays, f"scale_mat_{i}", path, default=scale_mat), scale_mat, rtol=1e-5):
            raise UserError(f"{path}: scale_mat_{i} differs from scale_mat_0; all views must share one scene.")
    split_similarity(scale_mat, f"{path}: scale_mat_0")
    return world_mats, scale_mat


def _matrix(arrays: dict, name: str, path: Path, default: np.ndarray | None = None) -> Float[np.ndarray, "4 4"]:
    if name not in arrays and default is not None:
        return default
    matrix = np.eye(4)
    value = np.asarray(arrays[name], dtype=np.float64)
    if value.shape not in ((3, 4), (4, 4)):
        raise UserError(f"{path}: {name} has shape {value.shape}; a 4x4 matrix is expected.")
    matrix[: len(value)] = value
    if not np.isfinite(matrix).all():
        raise UserError(
            f"{path}: {name} holds NaN or infinite numbers. That camera was not estimated; remove the view."
        )
    return matrix


def _decompose(projection: np.ndarray, view: int, height: int, path: Path) -> tuple[np.ndarray, np.ndarray]:
    try:
        intrinsics, camera_to_scene = decompose_projection(projection[:3])
    except UserError as error:
        raise UserError(f"{path}: camera {view}: {error}") from None
    if skew_in_pixels(intrinsics, height) > LARGEST_SKEW_PX:
        raise UserError(
            f"{path}: camera {view} has a skew of {intrinsics[0, 1]:.3g}, which nerfstudio's cameras cannot express. "
            "Undistort and rectify the images first."
        )
    intrinsics[0, 1] = 0.0
    intrinsics[:2, 2] += HALF_PIXEL
    return intrinsics, camera_to_scene


def _check_principal_points(intrinsics: np.ndarray, sizes: list[tuple[int, int]], path: Path) -> None:
    """Cameras made for images of another size are the usual mistake after shrinking a data set."""
    height, width = np.array(sizes).T
    place = np.median(intrinsics[:, :2, 2] / np.stack([width, height], 1), axis=0)
    if (place < 0.1).any() or (place > 0.9).any():
        made_for = np.round(2 * intrinsics[0, :2, 2]).astype(int)
        raise UserError(
            f"{path} seems made for images of about {made_for[0]}x{made_for[1]} pixels, but the images have "
            f"{width[0]}x{height[0]}. Use the images in their original size with --downscale-factor."
        )


def load_npz(path: Path) -> dict[str, np.ndarray]:
    """All arrays of an npz file. Raises UserError where it cannot be read."""
    try:
        with np.load(path) as arrays:
            return dict(arrays)
    except (OSError, ValueError, BadZipFile) as error:
        raise UserError(f"{path} cannot be read as an npz file ({error}).") from None


def projections_in(arrays: Mapping[str, np.ndarray]) -> Float[np.ndarray, "views 3 4"] | None:
    """``world_mat_0``, ``world_mat_1``, …: world to pixels. None where there are none, or where a number is missing."""
    count = sum(name.startswith("world_mat_") and name[10:].isdigit() for name in arrays)
    if count == 0 or any(f"world_mat_{view}" not in arrays for view in range(count)):
        return None
    return np.stack([np.asarray(arrays[f"world_mat_{view}"], dtype=np.float64)[:3] for view in range(count)])


def _names(paths) -> str:
    return ", ".join(sorted(path.name for path in paths)) or "no npz file"
