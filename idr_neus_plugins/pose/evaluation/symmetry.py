"""Rotations that leave a shape as it is: poses that differ by one of them are the same pose."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.core.raycasting import RayCaster
from idr_neus_plugins.evaluation.cameras import rotation_angles

if TYPE_CHECKING:
    import trimesh

STEP = 5
"""Degrees between the turns about the upright axis that are tried, and those between the axes of half turns."""
POINTS, SHARE, TOLERANCE = 1500, 0.99, 0.025
"""A rotation is a symmetry where so many of the points land within the tolerance, in diameters, of the surface."""


class Symmetry(NamedTuple):
    rotations: Float[np.ndarray, "rotations 3 3"]
    """The identity first; of a shape of revolution those that remain beside the turns about z."""
    revolution: bool
    """Whether every turn about z is one."""


def symmetry_of(shape: trimesh.Trimesh, seed: int = 0) -> Symmetry:
    """Of a shape in its object frame: turns about z, and half turns about horizontal axes."""
    from idr_neus_plugins.evaluation.surface_points import sample_surface

    points, _ = sample_surface(shape, POINTS, seed)
    caster, reach = RayCaster(shape), TOLERANCE * 2 * np.linalg.norm(points, axis=1).max()

    def among(rotations: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Which rotations are symmetries, and those of them that fit better than their neighbours in the circle."""
        distances = np.stack([caster.distances(points @ rotation.T) for rotation in rotations])
        fits, means = (distances < reach).mean(1) >= SHARE, distances.mean(1)
        best = fits & (means <= np.roll(means, 1)) & (means <= np.roll(means, -1))
        return fits, [rotations[index] for index in np.flatnonzero(best)]

    is_turn, turns = among([about_z(math.radians(angle)) for angle in range(0, 360, STEP)])
    _, flips = among([half_turn(math.radians(angle)) for angle in range(0, 180, STEP)])
    if is_turn.all():
        return Symmetry(np.stack([np.eye(3), *flips[:1]]), True)
    return Symmetry(np.stack(turns + flips), False)


def closest_equivalent(
    rotation: Float[np.ndarray, "3 3"], truth: Float[np.ndarray, "3 3"], symmetry: Symmetry
) -> Float[np.ndarray, "3 3"]:
    """The rotation that shows the same as ``rotation`` and is turned least from ``truth``."""
    same = rotation @ symmetry.rotations
    if symmetry.revolution:
        same = np.stack([each @ about_z(_best_turn(truth.T @ each)) for each in same])
    return same[rotation_angles(truth.T @ same).argmin()]


def about_z(angle: float) -> Float[np.ndarray, "3 3"]:
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])


def half_turn(angle: float) -> Float[np.ndarray, "3 3"]:
    """About the horizontal axis at ``angle`` from x."""
    axis = np.array([math.cos(angle), math.sin(angle), 0.0])
    return 2 * np.outer(axis, axis) - np.eye(3)


def _best_turn(relative: Float[np.ndarray, "3 3"]) -> float:
    """The turn about z after which ``relative`` is closest to the identity: of the largest trace."""
    return math.atan2(relative[0, 1] - relative[1, 0], relative[0, 0] + relative[1, 1])
