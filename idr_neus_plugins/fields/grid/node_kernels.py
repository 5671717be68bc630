"""Numba kernels over lists of a grid's nodes, ascending and each node once: the optimiser and the smoothness term.

A list is mostly stretches of nodes that follow one another (30 along z in the band around a surface), and within a
stretch the arrays are walked without gaps, by whole vectors. Threads take equal parts of the list.
"""

from typing import Any

import numba
import numpy as np

_JIT: dict[str, Any] = dict(parallel=True, fastmath=True, cache=True, nogil=True)
_INLINE: dict[str, Any] = dict(fastmath=True, cache=True, nogil=True, inline="always")
_ONE = np.float32(1.0)
_PART = 4096
"""Nodes that a thread takes at a time."""


@numba.njit(**_INLINE)
def _stretch(nodes, first, end):
    """Number of nodes from the first-th on that follow one another."""
    n = first + 1
    while n < end and nodes[n] == nodes[n - 1] + 1:
        n += 1
    return n - first


@numba.njit(**_INLINE)
def _parts(nodes):
    return (nodes.shape[0] + _PART - 1) // _PART


@numba.njit(**_JIT)
def adam(values, grad, exp_avg, exp_avg_sq, nodes, rate, beta1, beta2):
    """Adam on the listed rows of values [nodes, channels]; clears their gradient, so that none need be zeroed."""
    channels = values.shape[1]
    values, grad = values.reshape(-1), grad.reshape(-1)
    exp_avg, exp_avg_sq = exp_avg.reshape(-1), exp_avg_sq.reshape(-1)
    for part in numba.prange(_parts(nodes)):
        n, end = part * _PART, min((part + 1) * _PART, nodes.shape[0])
        while n < end:
            count = _stretch(nodes, n, end)
            low, high = nodes[n] * channels, (nodes[n] + count) * channels
            x, g, m, v = values[low:high], grad[low:high], exp_avg[low:high], exp_avg_sq[low:high]
            for c in range(x.shape[0]):
                first = beta1 * m[c] + (_ONE - beta1) * g[c]
                second = beta2 * v[c] + (_ONE - beta2) * g[c] * g[c]
                m[c], v[c], g[c] = first, second, 0
                x[c] -= rate * first / (np.sqrt(second) + np.float32(1e-15))
            n += count


@numba.njit(**_JIT)
def take_marked(marks, nodes, counts):
    """Lists the marked nodes and clears their marks, many at a time where there are none.

    marks [words, 8], nodes [8 * words]. Part t of the list begins at ``8 * (words * t // parts)`` and has counts[t]
    entries.
    """
    words, parts = marks.shape[0], counts.shape[0]
    packed = marks.view(np.uint64)
    for t in numba.prange(parts):
        first = words * t // parts
        count = 0
        for w in range(first, words * (t + 1) // parts):
            if packed[w, 0] != 0:
                for b in range(8):
                    if marks[w, b] != 0:
                        nodes[8 * first + count] = 8 * w + b
                        count += 1
                packed[w, 0] = 0
        counts[t] = count


@numba.njit(**_JIT)
def laplacian(control, nodes, row, plane, out):
    """out [all nodes] = discrete Laplacian at the listed nodes, and the sum of its squares."""
    total = 0.0
    for part in numba.prange(_parts(nodes)):
        n, end = part * _PART, min((part + 1) * _PART, nodes.shape[0])
        while n < end:
            count = _stretch(nodes, n, end)
            total += _laplacian(control, nodes[n], count, row, plane, out[nodes[n] : nodes[n] + count])
            n += count
    return total


@numba.njit(**_JIT)
def laplacian_twice(lap, nodes, row, plane, out):
    """out [nodes] = derivative of ``sum(lap ** 2) / 2`` by the listed nodes' control values; lap is 0 elsewhere."""
    for part in numba.prange(_parts(nodes)):
        n, end = part * _PART, min((part + 1) * _PART, nodes.shape[0])
        while n < end:
            count = _stretch(nodes, n, end)
            _laplacian(lap, nodes[n], count, row, plane, out[n : n + count])
            n += count


@numba.njit(**_INLINE)
def _laplacian(f, node, count, row, plane, out):
    """out [count] = Laplacian at nodes that follow one another, and the sum of its squares."""
    low, high = node, node + count
    middle = f[low - 1 : high + 1]
    y0, y1 = f[low - row : high - row], f[low + row : high + row]
    x0, x1 = f[low - plane : high - plane], f[low + plane : high + plane]
    total = np.float32(0.0)
    for c in range(count):
        value = middle[c] + middle[c + 2] + y0[c] + y1[c] + x0[c] + x1[c] - np.float32(6.0) * middle[c + 1]
        out[c] = value
        total += value * value
    return total


@numba.njit(**_JIT)
def add_at(values, nodes, weight, summands):
    """Adds ``weight * summands`` [nodes] to the listed values."""
    for part in numba.prange(_parts(nodes)):
        n, end = part * _PART, min((part + 1) * _PART, nodes.shape[0])
        while n < end:
            count = _stretch(nodes, n, end)
            listed, given = values[nodes[n] : nodes[n] + count], summands[n : n + count]
            for c in range(count):
                listed[c] += weight * given[c]
            n += count


@numba.njit(**_JIT)
def clear_at(values, nodes):
    for n in numba.prange(nodes.shape[0]):
        values[nodes[n]] = 0
