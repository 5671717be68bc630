"""What a user gives: image, mask, camera."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.data.files import has_alpha, image_size
from idr_neus_plugins.data.files import read_pixels as read
from idr_neus_plugins.data.projection import HALF_PIXEL, decompose_projection
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reading import load_npz


def read_cut_out(image: Path, mask: Path | None) -> UInt8[np.ndarray, "h w 4"]:
    """Colours with the foreground as alpha, black where there is none.

    Raises UserError for files that cannot be read or do not fit together, and where nothing tells the foreground.
    """
    size = image_size(image)
    if mask is None and not has_alpha(image):
        raise UserError(f"{image} does not tell object from background. Give --mask, or cut the object out (RGBA).")
    if mask is not None and image_size(mask) != size:
        raise UserError(f"{mask} and {image} differ in size.")
    pixels = read(image, "RGBA", size, 1.0)
    alpha = pixels[..., 3] if mask is None else read(mask, "L", size, 1.0)
    return np.concatenate([np.where(alpha[..., None] > 0, pixels[..., :3], 0), alpha[..., None]], 2)


def read_camera(path: Path, view: int, size: tuple[int, int]) -> tuple[Camera, Float[np.ndarray, "4 4"]]:
    """(camera in the scene, world from scene) of an image of (height, width).

    An npz with ``intrinsics`` and ``camera_to_scene`` (the layout of ``shape_set``), for one or several views; or one
    with ``world_mat_i`` and ``scale_mat_i`` (IDR, NeuS). Raises UserError for others, and for views that are not there.
    """
    arrays = load_npz(path)
    if "intrinsics" in arrays and "camera_to_scene" in arrays:
        intrinsics, poses = arrays["intrinsics"].reshape(-1, 3, 3), arrays["camera_to_scene"].reshape(-1, 3, 4)
        if not 0 <= view < len(poses):
            raise UserError(f"{path} has {len(poses)} cameras; there is no view {view}.")
        return Camera(intrinsics[view].astype(float), poses[view].astype(float), size), np.eye(4)
    if f"world_mat_{view}" in arrays and "scale_mat_0" in arrays:
        world_from_scene = arrays["scale_mat_0"].astype(float)
        intrinsics, pose = decompose_projection((arrays[f"world_mat_{view}"].astype(float) @ world_from_scene)[:3])
        intrinsics[:2, 2] += HALF_PIXEL
        return Camera(intrinsics, pose[:3], size), world_from_scene
    raise UserError(
        f"{path} holds {', '.join(sorted(arrays)[:8])}, and no camera of view {view}. Expected are intrinsics [3, 3] "
        f"and camera_to_scene [3, 4] (OpenCV axes, z upwards in the scene), or world_mat_{view} and scale_mat_0."
    )
