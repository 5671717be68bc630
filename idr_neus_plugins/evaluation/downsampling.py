"""Evening out the density of a point cloud, as DTU's protocol does before it takes means."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int


def downsample(points: Float[np.ndarray, "n 3"], radius: float, seed: int = 0) -> Int[np.ndarray, " kept"]:
    """Indices of points of which no two lie within ``radius``, chosen greedily in a random order.

    In that order a point stays unless one that stayed before is within the radius (Aanæs et al., Large-Scale Data for
    Multiple-View Stereopsis, IJCV 2016: `reducePts` of the released code). Time and memory are linear in n.
    """
    from idr_neus_plugins.evaluation.downsampling_kernel import downsample_in_order

    if len(points) == 0:
        return np.empty(0, np.int64)
    order = np.random.default_rng(seed).permutation(len(points))
    shuffled = np.ascontiguousarray(points[order], dtype=np.float64)
    cells = (shuffled - shuffled.min(0)) / (2 * radius) + 1.0
    dims = np.ceil(cells.max(0)).astype(np.int64) + 2
    size = 1 << int(2 * len(points) - 1).bit_length()
    keys, heads = np.zeros(size, np.int64), np.empty(size, np.int32)
    nexts, kept = np.empty(len(points), np.int32), np.zeros(len(points), np.bool_)
    downsample_in_order(shuffled, cells, dims, float(radius), keys, heads, nexts, kept)
    return np.sort(order[kept])
