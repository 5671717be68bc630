"""Pinhole cameras in NumPy, for work on meshes: poses, projection, and rays through pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.core.views import Views


@dataclass(frozen=True)
class Camera:
    """OpenCV axes (x right, y down, z forward); pixel centres at half-integers; scene units."""

    intrinsics: np.ndarray
    """K [3, 3], pixels."""
    camera_to_scene: np.ndarray
    """[3, 4]."""
    size: tuple[int, int]
    """(height, width)."""

    @property
    def centre(self) -> np.ndarray:
        return self.camera_to_scene[:, 3]

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pixels (x, y) [n, 2] and depths along the optical axis [n] of scene points [n, 3]; NaN behind the camera."""
        in_camera = (points - self.centre) @ self.camera_to_scene[:, :3]
        depths = np.where(in_camera[:, 2] > 0, in_camera[:, 2], np.nan)
        pixels = in_camera @ self.intrinsics.T
        return pixels[:, :2] / depths[:, None], depths

    def sees(self, pixels: np.ndarray) -> np.ndarray:
        """Which of ``pixels`` (x, y) [n, 2] lie in the image; NaN does not."""
        height, width = self.size
        return ((pixels >= 0) & (pixels < [width, height])).all(1)

    def rays(self, pixels: np.ndarray) -> np.ndarray:
        """Directions [n, 3] through ``pixels`` (x, y) [n, 2], of depth 1: distances along them are depths."""
        homogeneous = np.concatenate([pixels, np.ones((len(pixels), 1))], 1)
        return homogeneous @ np.linalg.inv(self.intrinsics).T @ self.camera_to_scene[:, :3].T

    def pixel_centres(self) -> np.ndarray:
        """[height * width, 2], row by row."""
        height, width = self.size
        x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
        return np.stack([x.ravel(), y.ravel()], 1)


@overload
def flip_axes(poses: Tensor) -> Tensor: ...
@overload
def flip_axes(poses: np.ndarray) -> np.ndarray: ...
def flip_axes(poses: Any) -> Any:
    """Camera-to-world [..., 3 or 4, 4] with OpenGL axes (y up, z backward: nerfstudio, Blender) to OpenCV axes, or
    back."""
    signs = [1.0, -1.0, -1.0, 1.0]
    return poses * (poses.new_tensor(signs) if isinstance(poses, Tensor) else np.array(signs))


def look_at(
    place: Float[np.ndarray, " 3"], target: Float[np.ndarray, " 3"], up: Float[np.ndarray, " 3"]
) -> Float[np.ndarray, "4 4"]:
    """Camera-to-world, OpenCV axes, of a level camera at ``place`` that looks at ``target``.

    ``up`` has any length. Raises ValueError where it is along the view, or the target is at the place.
    """
    forward = target - place
    right = np.cross(forward, up)
    if np.linalg.norm(right) <= 1e-6 * np.linalg.norm(forward) * np.linalg.norm(up):
        raise ValueError(f"A camera at {place} cannot look at {target} with {up} upwards: the two are along one line.")
    forward, right = forward / np.linalg.norm(forward), right / np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3] = np.stack([right, np.cross(forward, right), forward, place], axis=1)
    return pose


def cameras_of(views: Views) -> list[Camera]:
    """The cameras of photographs. Lens distortion, where there is some, is not in them."""
    return [
        Camera(intrinsics, pose, (height, width))
        for intrinsics, pose, (height, width) in zip(
            views.intrinsics.double().cpu().numpy(),
            views.camera_to_scene.double().cpu().numpy(),
            views.sizes.tolist(),
            strict=True,
        )
    ]
