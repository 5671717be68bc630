"""Cameras that go around an object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from idr_neus_plugins.core.camera import Camera, look_at
from idr_neus_plugins.errors import UserError

MARGIN = 1.15
"""The object's sphere fills the picture up to this factor."""


@dataclass(frozen=True)
class Orbit:
    """A circle about an axis through the object's middle, seen from as high as the photographs were taken."""

    centre: np.ndarray
    """[3]."""
    up: np.ndarray
    """Unit axis [3]."""
    front: np.ndarray
    """Unit direction [3] from the centre to where most photographs were taken; not along ``up``."""

    @classmethod
    def of(cls, cameras: Sequence[Camera], centre: np.ndarray) -> Orbit:
        """About the vertical of ``cameras``; begins at the middle of their places.

        Where they stand all around, there is no such middle and it begins at the first camera. Raises UserError for
        cameras whose ups cancel out.
        """
        up = _vertical(np.stack([camera.camera_to_scene[:, :3] for camera in cameras]))
        ways = np.stack([camera.centre - centre for camera in cameras])
        ways /= np.linalg.norm(ways, axis=1, keepdims=True)
        height = float(np.clip((ways @ up).mean(), -0.9, 0.9))
        level = ways - (ways @ up)[:, None] * up
        middle = level.mean(0) if np.linalg.norm(level.mean(0)) > 0.1 else level[0]
        if np.linalg.norm(middle) < 1e-6:
            middle = np.cross(up, [1.0, 0, 0] if abs(up[0]) < 0.9 else [0, 1.0, 0])
        middle /= np.linalg.norm(middle)
        return cls(centre, up, np.sqrt(1 - height**2) * middle + height * up)

    def camera(self, angle: float, radius: float, size: tuple[int, int], field_of_view: float = 30.0) -> Camera:
        """The camera ``angle`` radians around the axis that shows a sphere of ``radius`` about the centre as a whole.

        ``size``: (height, width); ``field_of_view``: degrees across the shorter side.
        """
        half = np.radians(field_of_view) / 2
        place = self.centre + _turned(self.front, self.up, angle) * MARGIN * radius / np.sin(half)
        focal = min(size) / 2 / np.tan(half)
        intrinsics = np.array([[focal, 0, size[1] / 2], [0, focal, size[0] / 2], [0, 0, 1]])
        return Camera(intrinsics, look_at(place, self.centre, self.up)[:3], size)


def angles(frames: int, arc: float = 360.0) -> np.ndarray:
    """Angles [frames] in radians of an endless film: once around, or for less than 360° to and fro over ``arc``."""
    phase = 2 * np.pi * np.arange(frames) / frames
    return phase if arc >= 360 else np.radians(arc) / 2 * np.sin(phase)


def _vertical(axes: np.ndarray) -> np.ndarray:
    """Unit vector upwards, of the axes of cameras [n, 3, 3] (columns x right, y down, z forward).

    Photographers hold cameras level: the vertical is what their x axes have in common to stand on. The mean of the ups
    alone would lean, where all look down from one side; it has to do where all x axes are one.
    """
    mean = -axes[:, :, 1].mean(0)
    if np.linalg.norm(mean) < 1e-3:
        raise UserError("The cameras' ups point everywhere: there is no axis to turn about.")
    _, (first, second, _), directions = np.linalg.svd(np.concatenate([axes[:, :, 0], np.zeros((3, 3))]))
    up = directions[2] * np.sign(directions[2] @ mean) if second > 0.1 * first else mean
    return up / np.linalg.norm(up)


def _turned(vector: np.ndarray, axis: np.ndarray, angle: float) -> np.ndarray:
    """Rodrigues' rotation of ``vector`` about the unit ``axis``."""
    along = axis * (axis @ vector)
    return along + np.cos(angle) * (vector - along) + np.sin(angle) * np.cross(axis, vector)
