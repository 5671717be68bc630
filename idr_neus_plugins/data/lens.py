"""Where pixels look: rays of a camera with any lens that training knows, in double precision."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from nerfstudio.cameras.camera_utils import radial_and_tangential_undistort

from idr_neus_plugins.data.formats.scene import View


def ray_directions(view: View, size: tuple[int, int], step: float) -> Float[np.ndarray, "h w 3"]:
    """Unit directions, in the camera's frame (OpenCV), through pixels of ``step`` x ``step`` pixels of the file."""
    y, x = (np.mgrid[: size[0], : size[1]] + 0.5) * step
    return unproject(view, np.stack([x, y], -1))


def unproject(view: View, pixels: Float[np.ndarray, "*points 2"]) -> Float[np.ndarray, "*points 3"]:
    """Unit directions through pixels (centres on half-integers); the same as nerfstudio's rays of such a camera."""
    flat = (pixels - view.intrinsics[:2, 2]) / [view.intrinsics[0, 0], view.intrinsics[1, 1]]
    if any(view.distortion):
        lens = torch.tensor(view.distortion, dtype=torch.float64)
        flat = radial_and_tangential_undistort(torch.from_numpy(flat), lens, eps=1e-9, max_iterations=20).numpy()
    if not view.is_fisheye:
        ahead = np.concatenate([flat, np.ones_like(flat[..., :1])], -1)
        return ahead / np.linalg.norm(ahead, axis=-1, keepdims=True)
    angle = np.linalg.norm(flat, axis=-1, keepdims=True).clip(1e-12, np.pi)
    return np.concatenate([flat / angle * np.sin(angle), np.cos(angle)], -1)
