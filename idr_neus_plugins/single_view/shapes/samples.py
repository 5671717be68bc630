"""Points of a shape with their truth: signed distances near it and everywhere, colours on it, and its occupancy."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float, Float16, UInt8

from idr_neus_plugins.evaluation.surface_points import sample_surface
from idr_neus_plugins.single_view.shapes.shape import Shape

NEAR = ((0.02, 0.25), (0.07, 0.4))
"""(standard deviation of the distance to the surface, share of the points); the others are anywhere in the unit
sphere. DISN has points within 0.1 of the surface only, and nothing then keeps its free space free."""

PROBES = 1 << 15
"""Points where the occupancy of every shape is known."""


def sdf_samples(
    shape: Shape, count: int, rng: np.random.Generator
) -> tuple[Float16[np.ndarray, "points 3"], Float16[np.ndarray, " points"]]:
    """(positions, signed distances there), in half precision: the distances are those of the rounded positions."""
    parts = []
    for deviation, share in NEAR:
        near, _ = sample_surface(shape.solid, int(share * count), int(rng.integers(1 << 31)))
        parts.append(near + deviation * rng.normal(size=near.shape))
    parts.append(points_in_ball(count - sum(map(len, parts)), 1.0, rng))
    positions = rng.permutation(np.concatenate(parts)).astype(np.float16)
    return positions, shape.caster.signed_distances(positions.astype(np.float64)).astype(np.float16)


def surface_samples(
    shape: Shape, count: int, rng: np.random.Generator
) -> tuple[Float16[np.ndarray, "points 3"], UInt8[np.ndarray, "points 3"]]:
    """(positions evenly spread over the surface, colours)."""
    positions, _ = sample_surface(shape.solid, count, int(rng.integers(1 << 31)))
    return positions.astype(np.float16), shape.colors(positions)


def occupancy(shape: Shape) -> Bool[np.ndarray, " probes"]:
    """Which of :func:`probes` lie inside."""
    return shape.caster.signed_distances(probes()) < 0


@lru_cache(maxsize=1)
def probes() -> Float[np.ndarray, "probes 3"]:
    """Points evenly spread over the unit sphere's inside, the same for all shapes (a Sobol sequence)."""
    from scipy.stats import qmc

    cube = 2 * qmc.Sobol(3, scramble=False).random(2 * PROBES) - 1
    return cube[np.linalg.norm(cube, axis=1) < 1][:PROBES]


def points_in_ball(count: int, radius: float, rng: np.random.Generator) -> Float[np.ndarray, "points 3"]:
    directions = rng.normal(size=(count, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return radius * directions * np.cbrt(rng.uniform(size=(count, 1)))
