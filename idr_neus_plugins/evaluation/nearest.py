"""Distances between point clouds, by a k-d tree: any number of queries in bounded memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import KDTree

BATCH = 500_000
"""Queries at a time; between batches the progress is told."""

Progress = Callable[[int, int], None]
"""Called with (queries done, queries in all)."""


def nearest_distances(
    points: Float[np.ndarray, "m 3"],
    queries: Float[np.ndarray, "n 3"],
    limit: float = np.inf,
    progress: Progress | None = None,
) -> Float[np.ndarray, " n"]:
    """Distance from each query to the nearest of ``points``; infinite where that is ``limit`` or more.

    Queries are asked in the order of a coarse grid, so that neighbours find the tree's nodes in the cache: three times
    faster than in random order for millions of points.
    """
    tree = KDTree(points, balanced_tree=False, compact_nodes=False)
    order, distances = spatial_order(queries), np.empty(len(queries))
    for start in range(0, len(order), BATCH):
        part = order[start : start + BATCH]
        distances[part] = tree.query(queries[part], distance_upper_bound=limit, workers=-1)[0]
        if progress is not None:
            progress(min(start + BATCH, len(order)), len(order))
    return distances


def spatial_order(points: Float[np.ndarray, "n 3"], cells: int = 256) -> Int[np.ndarray, " n"]:
    """Permutation that lists points cell by cell of a grid of ``cells`` cells along the longest side of their box."""
    if len(points) == 0:
        return np.empty(0, np.int64)
    lower, upper = points.min(0), points.max(0)
    width = max(float((upper - lower).max()), 1e-300) / cells
    x, y, z = ((points - lower) / width).astype(np.int64).T
    return np.argsort((x * (cells + 1) + y) * (cells + 1) + z, kind="stable")
