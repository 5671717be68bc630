"""Projection matrices P = K [R | t], taken apart and put together. Cameras are OpenCV: x right, y down, z forward."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.core.similarity import Similarity
from idr_neus_plugins.errors import UserError

HALF_PIXEL = 0.5
"""IDR and NeuS count pixel centres 0, 1, 2, ...; nerfstudio counts them 0.5, 1.5, 2.5, ..."""

LARGEST_SKEW_PX = 0.1
"""nerfstudio has no skew. Its effect at the image's upper and lower border may reach this before a file is refused."""


def decompose_projection(
    projection: Float[np.ndarray, "3 4"],
) -> tuple[Float[np.ndarray, "3 3"], Float[np.ndarray, "4 4"]]:
    """P -> (K, camera-to-world), for any scale and sign of P (Hartley and Zisserman 2004, 6.2.4: RQ of its left 3x3).

    K is upper triangular with a positive diagonal and K[2, 2] = 1; the camera-to-world matrix is rigid, and points
    before the camera have positive depth.
    Raises UserError where P is not finite or its left 3x3 is singular (a camera at infinity).
    """
    if not np.isfinite(projection).all():
        raise UserError("A projection matrix holds NaN or infinite numbers.")
    left = projection[:, :3]
    determinant = np.linalg.det(left)
    if abs(determinant) <= 1e-12 * np.linalg.norm(left) ** 3:
        raise UserError("A projection matrix is singular: its left 3x3 block has no inverse.")
    intrinsics, rotation = _rq(left * np.sign(determinant))
    camera_to_world = np.eye(4)
    camera_to_world[:3, :3] = rotation.T
    camera_to_world[:3, 3] = -np.linalg.solve(left, projection[:, 3])
    return intrinsics / intrinsics[2, 2], camera_to_world


def _rq(matrix: Float[np.ndarray, "3 3"]) -> tuple[Float[np.ndarray, "3 3"], Float[np.ndarray, "3 3"]]:
    """matrix = upper @ rotation, with a positive diagonal; a proper rotation where det(matrix) > 0."""
    orthogonal, lower = np.linalg.qr(matrix[::-1].T)
    upper, rotation = lower.T[::-1, ::-1], orthogonal.T[::-1]
    signs = np.sign(np.diag(upper))
    return upper * signs, signs[:, None] * rotation


def compose_projection(
    intrinsics: Float[np.ndarray, "3 3"], camera_to_world: Float[np.ndarray, "4 4"]
) -> Float[np.ndarray, "3 4"]:
    """(K, camera-to-world) -> P = K [R | t]."""
    return intrinsics @ np.linalg.inv(camera_to_world)[:3]


def world_mat(
    intrinsics: Float[np.ndarray, "3 3"],
    camera_to_scene: Float[np.ndarray, "4 4"],
    world_from_scene: Float[np.ndarray, "4 4"] | None = None,
) -> Float[np.ndarray, "4 4"]:
    """P = K [R | t] of the world, as the files of IDR and NeuS have it: pixel centres on integers.

    Args:
        intrinsics: with pixel centres on half-integers.
        world_from_scene: a similarity; left out where the camera is one of the world.
    """
    matrix = np.eye(4)
    on_integers = intrinsics - HALF_PIXEL * np.array([[0, 0, 1], [0, 0, 1], [0, 0, 0]])
    matrix[:3] = compose_projection(on_integers, camera_to_scene)
    if world_from_scene is not None:
        matrix[:3] = matrix[:3] @ np.linalg.inv(world_from_scene) * Similarity.of(world_from_scene).scale
    return matrix


def skew_in_pixels(intrinsics: Float[np.ndarray, "3 3"], height: int) -> float:
    """How far the skew moves a pixel of the first or last row sideways."""
    rows_from_centre = max(intrinsics[1, 2], height - intrinsics[1, 2])
    return float(abs(intrinsics[0, 1]) / intrinsics[1, 1] * rows_from_centre)
