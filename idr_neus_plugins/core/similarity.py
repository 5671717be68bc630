"""Similarities between worlds: a run's scene, the files' cameras, COLMAP's frame, another run."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.errors import UserError

COLLINEAR = 1e-4
"""Of the second-largest extent of the camera centres to the largest, below which no rotation can be told."""


class Similarity(NamedTuple):
    """``x -> scale * rotation @ x + translation``, float64."""

    scale: float
    rotation: Float[np.ndarray, "3 3"]
    """Proper."""
    translation: Float[np.ndarray, " 3"]

    @classmethod
    def of(cls, matrix: Float[np.ndarray, "4 4"], name: str = "The transformation") -> Similarity:
        """Out of a 4x4 matrix. Raises UserError, with what ``name`` is the matrix of, for any other transformation."""
        block = matrix[:3, :3]
        if not np.isfinite(matrix).all() or np.linalg.det(block) <= 0:
            raise UserError(
                f"{name} is not a scaling with rotation and translation (NaN, mirrored or singular):\n{matrix}"
            )
        scale = float(np.cbrt(np.linalg.det(block)))
        rotation = block / scale
        if not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-4) or not np.allclose(matrix[3], [0, 0, 0, 1]):
            raise UserError(
                f"{name} stretches its axes differently; only one scale for all three can be used:\n{matrix}"
            )
        return cls(scale, rotation, matrix[:3, 3])

    def points(self, points: Float[np.ndarray, "*points 3"]) -> Float[np.ndarray, "*points 3"]:
        return self.scale * points @ self.rotation.T + self.translation

    def cameras(self, poses: Float[np.ndarray, "*views 4 4"]) -> Float[np.ndarray, "*views 4 4"]:
        """Rigid camera-to-source poses as rigid camera-to-target ones: places are scaled, cameras are not."""
        moved = poses.copy()
        moved[..., :3, :3] = self.rotation @ poses[..., :3, :3]
        moved[..., :3, 3] = self.points(poses[..., :3, 3])
        return moved

    def inverse(self) -> Similarity:
        back = np.linalg.inv(self.rotation)  # not the transpose: matrices of files are rotations up to rounding
        return Similarity(1.0 / self.scale, back, -back @ self.translation / self.scale)

    @property
    def matrix(self) -> Float[np.ndarray, "4 4"]:
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = self.scale * self.rotation, self.translation
        return matrix


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
