"""How far cameras are from the true ones, once the two sets are laid over each other.

Poses are camera-to-world, OpenCV axes, rigid. Photographs alone cannot tell where the world's origin is, how it is
turned and how large it is, so a similarity is taken out first.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.core.similarity import align_points


class CameraErrors(NamedTuple):
    rotation_deg: Float[np.ndarray, " views"]
    """Angle between each camera's orientation and the true one."""
    translation: Float[np.ndarray, " views"]
    """Distance between each camera's centre and the true one, units of the truth."""


def camera_errors(poses: Float[np.ndarray, "views 4 4"], truth: Float[np.ndarray, "views 4 4"]) -> CameraErrors:
    """Errors per view after the camera centres have been aligned with the true ones."""
    alignment = align_points(poses[:, :3, 3], truth[:, :3, 3])
    apart = alignment.points(poses[:, :3, 3]) - truth[:, :3, 3]
    relative = truth[:, :3, :3].transpose(0, 2, 1) @ alignment.rotation @ poses[:, :3, :3]
    return CameraErrors(rotation_angles(relative), np.linalg.norm(apart, axis=1))


def rotation_angles(rotations: Float[np.ndarray, "views 3 3"]) -> Float[np.ndarray, " views"]:
    """Angles in degrees; accurate for small ones, where the arc cosine of the trace is not."""
    from scipy.spatial.transform import Rotation

    return np.degrees(Rotation.from_matrix(rotations).magnitude())


def summary(errors: CameraErrors, suffix: str = "") -> dict[str, float]:
    """``rotation_deg_{mean,median}`` and ``translation_{mean,median}``, each with the suffix."""
    return {
        f"{name}_{statistic}{suffix}": float(getattr(np, statistic)(values))
        for name, values in errors._asdict().items()
        for statistic in ("mean", "median")
    }
