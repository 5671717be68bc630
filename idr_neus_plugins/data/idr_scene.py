"""Scenes in the layout of IDR and NeuS: images, optional masks and an npz with ``world_mat_i`` and ``scale_mat_i``.

``world_mat_i`` projects world points (mm for DTU) to pixels of image i, with pixel centres on integers; ``scale_mat_i``
takes the scene (region of interest = unit sphere) to the world. Released data sets: DTU in IDR's and NeuS's
preparation, BlendedMVS in NeuS's.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.core.similarity import Similarity
from idr_neus_plugins.data.files import first_folder, image_size, list_images, visible_folders
from idr_neus_plugins.data.formats.readers.unknown import what_is_there
from idr_neus_plugins.data.mask_pairs import find_mask_folder, masks_in, pair_masks, without_masks_between
from idr_neus_plugins.data.projection import (
    HALF_PIXEL,
    LARGEST_SKEW_PX,
    decompose_projection,
    skew_in_pixels,
)
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reading import load_npz, require_file

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
    candidates = camera_files(folder) or [folder / name for name in CAMERA_FILES if (folder / name).is_file()][:1]
    if len(candidates) != 1:
        found = f"several: {_names(candidates)}" if candidates else "none"
        raise UserError(
            f"{folder} needs {' or '.join(CAMERA_FILES)} with world_mat_i and scale_mat_i; found {found}. "
            "Choose one by name with --cameras NAME."
        )
    return candidates[0]


def camera_files(folder: Path) -> list[Path]:
    """The npz files that hold cameras: one of the usual name or else all of them."""
    holding = [path for path in sorted(folder.glob("*.npz")) if _holds_cameras(path)]
    usual = [path for name in CAMERA_FILES for path in holding if path.name == name]
    return usual[:1] or holding


def _holds_cameras(path: Path) -> bool:
    """By the names of its arrays: other programs lay npz files of gigabytes beside a scene.

    A damaged file counts where its name says that it is the cameras': its reader then says what is wrong.
    """
    try:
        with zipfile.ZipFile(require_file(path)) as archive:
            return any(name.startswith("world_mat_") for name in archive.namelist())
    except (UserError, OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return path.name in CAMERA_FILES


def numbered(arrays: Mapping[str, np.ndarray], start: str) -> dict[int, str]:
    """Number -> key, of the keys such as world_mat_3 or world_mat_003, in the order of the numbers."""
    found = {int(key[len(start) :]): key for key in arrays if re.fullmatch(f"{re.escape(start)}[0-9]+", key)}
    return dict(sorted(found.items()))


def read_idr_scene(folder: Path, cameras: str = "auto") -> IdrScene:
    """Reads and checks a scene; pixels stay on disk. Raises UserError that says what is wrong with the folder."""
    images, masks = find_photographs(folder)
    camera_file = find_camera_file(folder, cameras)
    sizes = [image_size(path) for path in images]
    world_mats, scale_mat = _read_matrices(camera_file, images)
    views = [_decompose(mat, scale_mat, images[i], sizes[i][0], camera_file) for i, mat in enumerate(world_mats)]
    intrinsics, camera_to_scene = (np.stack(part) for part in zip(*views, strict=True))
    _check_principal_points(intrinsics, sizes, camera_file)
    return IdrScene(images, masks, sizes, intrinsics, camera_to_scene, scale_mat, camera_file)


def find_photographs(folder: Path) -> tuple[list[Path], list[Path] | None]:
    """(photographs, their masks if there are any). Raises UserError where there are none, or a mask is missing."""
    image_folder = find_image_folder(folder)
    images, between = without_masks_between(list_images(image_folder))
    mask_folder = find_mask_folder(folder)
    masks, where = (masks_in(mask_folder), mask_folder) if mask_folder is not None else (between, image_folder)
    return images, pair_masks(images, image_folder, masks, where) if masks else None


def find_image_folder(folder: Path) -> Path:
    """image/ or images/, or the only folder in it where an archive was unpacked one level too deep."""
    found = first_folder(folder, "image", "images")
    if found is not None and not list_images(found):
        found = next((deeper for deeper in visible_folders(found) if list_images(deeper)), None)
    if found is None:
        raise UserError(what_is_there(folder))
    return found


def _read_matrices(path: Path, images: list[Path]) -> tuple[Float[np.ndarray, "views 4 4"], Float[np.ndarray, "4 4"]]:
    arrays = load_npz(path)
    keys = numbered(arrays, "world_mat_")
    if not keys:
        raise UserError(
            f"{path} holds {', '.join(sorted(arrays)[:6]) or 'nothing'}, and no cameras as world_mat_i. `idr-neus "
            "normalize --overwrite` makes them of K, R and t."
        )
    if len(keys) != len(images):
        raise UserError(
            f"{path} holds {len(keys)} cameras (world_mat_i) for {len(images)} images. Camera i belongs to the i-th "
            "image, so the numbers must agree: remove the cameras of photographs that are gone (and keep the numbers "
            "of the others)."
        )
    if list(keys) != list(range(len(images))) and list(keys) != _numbers(images):
        missing = next(number for number in range(len(images)) if number not in keys)
        raise UserError(
            f"{path} lacks world_mat_{missing}, and its numbers are not those in the names of the images. Number the "
            f"cameras 0 to {len(images) - 1} in the order of the images, or name the images by their cameras' numbers."
        )
    scales = numbered(arrays, "scale_mat_")
    if not scales:
        raise UserError(
            f"{path} lacks scale_mat_0, which places the region of interest. Run `idr-neus normalize` on the scene, or "
            "choose another file with --cameras."
        )
    first = next(iter(scales.values()))
    scale_mat = _matrix(arrays, first, path)
    for key in scales.values():
        if not np.allclose(_matrix(arrays, key, path), scale_mat, rtol=1e-5):
            raise UserError(
                f"{path}: {key} differs from {first}; all views must share one scene. Run `idr-neus normalize "
                "--overwrite` on it."
            )
    Similarity.of(scale_mat, f"{path}: {first}")
    return np.stack([_matrix(arrays, key, path) for key in keys.values()]), scale_mat


def _numbers(images: list[Path]) -> list[int]:
    """The last number in each image's name."""
    found = [re.findall(r"[0-9]+", image.stem) for image in images]
    return [int(numbers[-1]) for numbers in found if numbers]


def _matrix(arrays: Mapping[str, np.ndarray], name: str, path: Path) -> Float[np.ndarray, "4 4"]:
    value = arrays[name]
    if value.shape not in ((3, 4), (4, 4)) or value.dtype.kind not in "fiu":
        raise UserError(f"{path}: {name} has shape {value.shape}; a 4x4 matrix is expected.")
    matrix = np.eye(4)
    matrix[: len(value)] = value
    if not np.isfinite(matrix).all():
        raise UserError(
            f"{path}: {name} holds NaN or infinite numbers. That camera was not estimated; remove the view."
        )
    return matrix


def _decompose(
    world_mat: Float[np.ndarray, "4 4"], scale_mat: Float[np.ndarray, "4 4"], image: Path, height: int, path: Path
) -> tuple[Float[np.ndarray, "3 3"], Float[np.ndarray, "4 4"]]:
    """(K with pixel centres on half-integers, camera to scene)."""
    projection = world_mat @ scale_mat
    # As it stands such a matrix sees the region's centre before it, with its sign turned behind: the world is mirrored.
    mirror = np.diag([1.0, 1.0, -1.0 if np.linalg.det(projection[:3, :3]) < 0 < projection[2, 3] else 1.0, 1.0])
    try:
        intrinsics, pose = decompose_projection((projection @ mirror)[:3])
    except UserError as error:
        raise UserError(f"{path}: the camera of {image.name}: {error} Remove the view.") from None
    camera_to_scene = mirror @ pose
    if skew_in_pixels(intrinsics, height) > LARGEST_SKEW_PX:
        raise UserError(
            f"{path}: the camera of {image.name} has a skew of {intrinsics[0, 1]:.3g}, which nerfstudio's cameras "
            "cannot express. Undistort and rectify the images first."
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


def projections_in(arrays: Mapping[str, np.ndarray]) -> Float[np.ndarray, "views 3 4"] | None:
    """``world_mat_i`` in the order of their numbers: world to pixels. None where there are none."""
    keys = numbered(arrays, "world_mat_")
    mats = [arrays[key] for key in keys.values()]
    if not keys or any(mat.shape not in ((3, 4), (4, 4)) or mat.dtype.kind not in "fiu" for mat in mats):
        return None
    return np.stack([np.asarray(mat, dtype=np.float64)[:3] for mat in mats])


def _names(paths) -> str:
    return ", ".join(sorted(path.name for path in paths)) or "no npz file"
