"""The hash grid's hot loops as Numba kernels for the CPU: same results as ``reference.py``, fused.

A thread takes whole levels: a level's part of the table stays in its cache, and in the backward pass nobody else writes
into it, so there are no atomics and the sums are the same in every run.
"""

# Shapes: table [rows, C], layout [L, 4], coords [n, 3], features [n, L * C], derivatives [n, 3, L * C], or [0, ...].

import numba
import numpy as np

from idr_neus_plugins.core.numba_setup import INLINE, JIT
from idr_neus_plugins.fields.hash.layout import PRIMES

_ZERO, _ONE = np.float32(0.0), np.float32(1.0)
_P1, _P2 = PRIMES[1:]


@numba.njit(**INLINE)
def _cell(coord, cells):
    """Lower node of the cell that holds a coordinate, and the fraction within the cell."""
    u = min(max(coord, _ZERO), _ONE) * np.float32(cells)
    node = min(int(u), cells - 1)
    return node, u - np.float32(node)


@numba.njit(**INLINE)
def _row(i, j, k, cells, first, rows, hashed):
    if hashed:
        return first + ((i ^ (j * _P1) ^ (k * _P2)) & (rows - 1))
    return first + (i * (cells + 1) + j) * (cells + 1) + k


@numba.njit(**JIT)
def encode_forward(table, coords, layout, features, derivatives):
    """Features of all levels, and their derivatives unless there is no room for them."""
    channels = table.shape[1]
    with_derivatives = derivatives.shape[0] > 0
    for level in numba.prange(layout.shape[0]):
        cells, first, rows, hashed = layout[level, 0], layout[level, 1], layout[level, 2], layout[level, 3]
        scale = np.float32(cells)
        for m in range(coords.shape[0]):
            i, fx = _cell(coords[m, 0], cells)
            j, fy = _cell(coords[m, 1], cells)
            k, fz = _cell(coords[m, 2], cells)
            r000 = _row(i, j, k, cells, first, rows, hashed)
            r001 = _row(i, j, k + 1, cells, first, rows, hashed)
            r010 = _row(i, j + 1, k, cells, first, rows, hashed)
            r011 = _row(i, j + 1, k + 1, cells, first, rows, hashed)
            r100 = _row(i + 1, j, k, cells, first, rows, hashed)
            r101 = _row(i + 1, j, k + 1, cells, first, rows, hashed)
            r110 = _row(i + 1, j + 1, k, cells, first, rows, hashed)
            r111 = _row(i + 1, j + 1, k + 1, cells, first, rows, hashed)
            for c in range(channels):
                v00, v01, v10, v11 = table[r000, c], table[r001, c], table[r010, c], table[r011, c]
                d00, d01 = table[r100, c] - v00, table[r101, c] - v01
                d10, d11 = table[r110, c] - v10, table[r111, c] - v11
                x00, x01, x10, x11 = v00 + fx * d00, v01 + fx * d01, v10 + fx * d10, v11 + fx * d11
                y0, y1 = x00 + fy * (x10 - x00), x01 + fy * (x11 - x01)
                at = level * channels + c
                features[m, at] = y0 + fz * (y1 - y0)
                if with_derivatives:
                    e0, e1 = d00 + fy * (d10 - d00), d01 + fy * (d11 - d01)
                    derivatives[m, 0, at] = scale * (e0 + fz * (e1 - e0))
                    derivatives[m, 1, at] = scale * ((x10 - x00) + fz * ((x11 - x01) - (x10 - x00)))
                    derivatives[m, 2, at] = scale * (y1 - y0)


@numba.njit(**JIT)
def encode_backward(grad_table, marks, coords, layout, grad_features, grad_derivatives):
    """Adds the gradient of ``encode_forward`` by the table to grad_table, and marks [rows] what it touched."""
    channels = grad_table.shape[1]
    with_derivatives = grad_derivatives.shape[0] > 0
    for level in numba.prange(layout.shape[0]):
        cells, first, rows, hashed = layout[level, 0], layout[level, 1], layout[level, 2], layout[level, 3]
        scale = np.float32(cells)
        for m in range(coords.shape[0]):
            i, fx = _cell(coords[m, 0], cells)
            j, fy = _cell(coords[m, 1], cells)
            k, fz = _cell(coords[m, 2], cells)
            for a in range(2):
                wx, sx = (fx, scale) if a else (_ONE - fx, -scale)
                for b in range(2):
                    wy, sy = (fy, scale) if b else (_ONE - fy, -scale)
                    for e in range(2):
                        wz, sz = (fz, scale) if e else (_ONE - fz, -scale)
                        row = _row(i + a, j + b, k + e, cells, first, rows, hashed)
                        marks[row] = 1
                        for c in range(channels):
                            at = level * channels + c
                            summand = wx * wy * wz * grad_features[m, at]
                            if with_derivatives:
                                summand += sx * wy * wz * grad_derivatives[m, 0, at]
                                summand += wx * sy * wz * grad_derivatives[m, 1, at]
                                summand += wx * wy * sz * grad_derivatives[m, 2, at]
                            grad_table[row, c] += summand


@numba.njit(**INLINE)
def _inside(coord):
    """1 where a coordinate is not clamped, 0 where moving it changes nothing."""
    return _ONE if _ZERO <= coord <= _ONE else _ZERO


@numba.njit(**JIT)
def encode_backward_coords(table, coords, layout, grad_features, grad_derivatives, out):
    """out [n, 3] = gradient of ``encode_forward`` with respect to the coordinates: slopes and mixed curvatures."""
    channels = table.shape[1]
    with_derivatives = grad_derivatives.shape[0] > 0
    for m in numba.prange(coords.shape[0]):
        gx = gy = gz = _ZERO
        for level in range(layout.shape[0]):
            cells, first, rows, hashed = layout[level, 0], layout[level, 1], layout[level, 2], layout[level, 3]
            scale = np.float32(cells)
            i, fx = _cell(coords[m, 0], cells)
            j, fy = _cell(coords[m, 1], cells)
            k, fz = _cell(coords[m, 2], cells)
            for a in range(2):
                wx, sx = (fx, scale) if a else (_ONE - fx, -scale)
                for b in range(2):
                    wy, sy = (fy, scale) if b else (_ONE - fy, -scale)
                    for e in range(2):
                        wz, sz = (fz, scale) if e else (_ONE - fz, -scale)
                        row = _row(i + a, j + b, k + e, cells, first, rows, hashed)
                        by_value = by_x = by_y = by_z = _ZERO
                        for c in range(channels):
                            at = level * channels + c
                            by_value += table[row, c] * grad_features[m, at]
                            if with_derivatives:
                                by_x += table[row, c] * grad_derivatives[m, 0, at]
                                by_y += table[row, c] * grad_derivatives[m, 1, at]
                                by_z += table[row, c] * grad_derivatives[m, 2, at]
                        gx += sx * (wy * wz * by_value + sy * wz * by_y + wy * sz * by_z)
                        gy += sy * (wx * wz * by_value + sx * wz * by_x + wx * sz * by_z)
                        gz += sz * (wx * wy * by_value + sx * wy * by_x + wx * sy * by_y)
        out[m, 0] = gx * _inside(coords[m, 0])
        out[m, 1] = gy * _inside(coords[m, 1])
        out[m, 2] = gz * _inside(coords[m, 2])
