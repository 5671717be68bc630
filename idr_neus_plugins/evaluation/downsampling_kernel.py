"""The loop of :mod:`thinning`, compiled."""

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def _slot(keys, key):
    """Where ``key`` is, or belongs, in an open-addressing table; 0 marks an empty slot."""
    mask = keys.shape[0] - 1
    hashed = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    slot = np.int64(hashed >> np.uint64(20)) & mask
    while keys[slot] != 0 and keys[slot] != key:
        slot = (slot + 1) & mask
    return slot


@numba.njit(cache=True, nogil=True)
def downsample_in_order(points, cells, dims, radius, keys, heads, nexts, kept):
    """Keeps a point unless one that was kept before lies within ``radius``.

    ``points`` [n, 3] in the order of their turn; ``cells`` [n, 3] >= 1 their positions in units of 2 radii (floats), so
    that at most 8 cells of the grid ``dims`` are within reach. ``keys``, ``heads``: hash table of the occupied cells;
    ``nexts`` [n]: linked lists of the kept points in a cell. Writes ``kept`` [n].
    """
    squared = radius * radius
    for i in range(points.shape[0]):
        low = np.empty(3, np.int64)
        high = np.empty(3, np.int64)
        for axis in range(3):
            low[axis] = np.int64(cells[i, axis] - 0.5)
            high[axis] = np.int64(cells[i, axis] + 0.5)
        free = True
        for x in range(low[0], high[0] + 1):
            for y in range(low[1], high[1] + 1):
                for z in range(low[2], high[2] + 1):
                    if not free:
                        continue
                    slot = _slot(keys, (x * dims[1] + y) * dims[2] + z)
                    j = heads[slot] if keys[slot] != 0 else -1
                    while j >= 0 and free:
                        dx = points[i, 0] - points[j, 0]
                        dy = points[i, 1] - points[j, 1]
                        dz = points[i, 2] - points[j, 2]
                        free = dx * dx + dy * dy + dz * dz > squared
                        j = nexts[j]
        kept[i] = free
        if free:
            x, y, z = np.int64(cells[i, 0]), np.int64(cells[i, 1]), np.int64(cells[i, 2])
            key = (x * dims[1] + y) * dims[2] + z
            slot = _slot(keys, key)
            nexts[i] = heads[slot] if keys[slot] != 0 else -1
            keys[slot], heads[slot] = key, i
