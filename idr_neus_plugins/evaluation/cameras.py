"""How far cameras are from the true ones, once the two sets are laid over each other.

Poses are camera-to-world, OpenCV axes, rigid. Photographs alone cannot tell where the world's origin is, how it is
turned and how large it is, so a similarity is taken out first.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.errors import UserError

COLLINEAR = 1e-4
"""Of the second-largest extent of the camera centres to the largest, below which no rotation can be told."""


class Similarity(NamedTuple):
    """``x -> scale * rotation @ x + translation``."""

    scale: float
    rotation: Float[np.ndarray, "3 3"]
    translation: Float[np.ndarray, " 3"]

    def points(self, points: Float[np.ndarray, "points 3"]) -> Float[np.ndarray, "points 3"]:
        return self.scale * points @ self.rotation.T + self.translation

    @property
    def matrix(self) -> Float[np.ndarray, "4 4"]:
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = self.scale * self.rotation, self.translation
        return matrix


class CameraErrors(NamedTuple):
    rotation_deg: Float[np.ndarray, " views"]
    """Angle between each camera's orientation and the true one."""
    translation: Float[np.ndarray, " views"]
    """Distance between each camera's centre and the true one, units of the truth."""


def align_points(source: Float[np.ndarray, "points 3"], target: Float[np.ndarray, "points 3"]) -> Similarity:
    """The similarity that takes ``source`` to ``target`` with the least sum of squares (Umeyama 1991).

    Raises UserError where the points do not determine one: fewer than three, or all on a line.
    """
    centred, aimed = source - source.mean(0), target - target.mean(0)
    extents = np.linalg.svd(centred, compute_uv=False)
    if len(source) < 3 or extents[1] < COLLINEAR * extents[0]:
        raise UserError(
            f"{len(source)} camera centres that lie on a line or in a point cannot be aligned with the true ones. "
            "At least three that do not are needed."
        )
    u, singular, vt = np.linalg.svd(aimed.T @ centred)
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * signs) @ vt
    scale = float((singular * signs).sum() / (centred**2).sum())
    return Similarity(scale, rotation, target.mean(0) - scale * rotation @ source.mean(0))


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
