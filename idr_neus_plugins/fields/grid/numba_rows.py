"""Where the values of a node lie in memory, for Numba kernels: densely or in bricks (see ``bricks.py``).

Kernels take values [rows] or [rows, channels], the lattice's shape, and ``first`` [x, y, z bricks] and ``lowest``
[bricks, 3] of its bricks, or None twice; Numba compiles one version of a kernel for each.
"""

import numba
import numpy as np

from idr_neus_plugins.core.numba_setup import INLINE
from idr_neus_plugins.fields.grid.bricks import SHARED


@numba.njit(**INLINE)
def row_of(shape, first, i, j, k):
    """Unsigned, since Numba would otherwise ask of every index whether it counts from the end."""
    if first is None:
        return np.uintp((i * shape[1] + j) * shape[2] + k)
    brick = first[np.uintp(i >> 3), np.uintp(j >> 3), np.uintp(k >> 3)]
    return np.uintp(brick + ((i & 7) << 6 | (j & 7) << 3 | (k & 7)))


@numba.njit(**INLINE)
def is_own(first, row):
    """Whether a row is that of one node alone."""
    return first is None or row >= SHARED


@numba.njit(**INLINE)
def line_length(shape, lowest):
    """Nodes that follow one another along z in memory."""
    return shape[2] if lowest is None else 8


@numba.njit(**INLINE)
def line_start(shape, lowest, line):
    """First node of a line; its row is the line's number times its length."""
    if lowest is None:
        return line // shape[1], line % shape[1], 0
    brick = line >> 6
    return lowest[brick, 0] + (line >> 3 & 7), lowest[brick, 1] + (line & 7), lowest[brick, 2]


@numba.njit(**INLINE)
def six_neighbours(f, shape, first, lowest, row):
    """Sum of the values beside a node that is not at the lattice's border."""
    if first is None:
        return _at_strides(f, row, np.uintp(shape[2]), np.uintp(shape[1] * shape[2]))
    place = int(row)
    x, y, z = place >> 6 & 7, place >> 3 & 7, place & 7
    if 0 < x < 7 and 0 < y < 7 and 0 < z < 7:
        return _at_strides(f, row, np.uintp(8), np.uintp(64))
    brick = place >> 9
    i, j, k = lowest[brick, 0] + x, lowest[brick, 1] + y, lowest[brick, 2] + z
    total = np.float32(0.0)
    for step in (-1, 1):
        total += f[row_of(shape, first, i + step, j, k)]
        total += f[row_of(shape, first, i, j + step, k)]
        total += f[row_of(shape, first, i, j, k + step)]
    return total


@numba.njit(**INLINE)
def _at_strides(f, row, along_y, along_x):
    one = np.uintp(1)
    return f[row + one] + f[row - one] + f[row + along_y] + f[row - along_y] + f[row + along_x] + f[row - along_x]
