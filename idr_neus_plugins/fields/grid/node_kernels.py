"""Numba kernels over lists of a grid's nodes, each node once: the optimiser and the smoothness term.

Walking the list by stretches of nodes that follow one another (30 in the band around a surface) is not faster.
"""

import numba
import numpy as np

from idr_neus_plugins.core.numba_setup import JIT
from idr_neus_plugins.fields.grid.numba_rows import six_neighbours

_ONE = np.float32(1.0)


@numba.njit(**JIT)
def adam(values, grad, exp_avg, exp_avg_sq, nodes, rate, beta1, beta2):
    """Adam on the listed rows of values [nodes, channels] where their gradient is not 0; clears it."""
    channels = values.shape[1]
    x, g, m, v = values.reshape(-1), grad.reshape(-1), exp_avg.reshape(-1), exp_avg_sq.reshape(-1)
    for n in numba.prange(nodes.shape[0]):
        first = np.uintp(nodes[n]) * np.uintp(channels)
        for c in range(channels):
            at = first + np.uintp(c)
            slope = g[at]
            if slope != 0:
                g[at] = 0
                m[at] = beta1 * m[at] + (_ONE - beta1) * slope
                v[at] = beta2 * v[at] + (_ONE - beta2) * slope * slope
                x[at] -= rate * m[at] / (np.sqrt(v[at]) + np.float32(1e-15))


@numba.njit(**JIT)
def adam_update(grad, exp_avg, exp_avg_sq, nodes, rate, beta1, beta2, out):
    """As ``adam``, for one channel; the update goes into ``out`` [all nodes]."""
    for n in numba.prange(nodes.shape[0]):
        at = np.uintp(nodes[n])
        slope = grad[at]
        out[at] = 0
        if slope != 0:
            grad[at] = 0
            exp_avg[at] = beta1 * exp_avg[at] + (_ONE - beta1) * slope
            exp_avg_sq[at] = beta2 * exp_avg_sq[at] + (_ONE - beta2) * slope * slope
            out[at] = rate * exp_avg[at] / (np.sqrt(exp_avg_sq[at]) + np.float32(1e-15))


@numba.njit(**JIT)
def relax(values, source, shape, first, lowest, nodes, weight, out):
    """One Jacobi step towards ``out - weight * laplacian(out) = source`` at the listed nodes; 0 elsewhere."""
    share = _ONE / (_ONE + np.float32(6.0) * weight)
    for n in numba.prange(nodes.shape[0]):
        c = np.uintp(nodes[n])
        out[c] = (source[c] + weight * six_neighbours(values, shape, first, lowest, c)) * share


@numba.njit(**JIT)
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


@numba.njit(**JIT)
def bending(control, shape, first, lowest, nodes, bend, weights, out):
    """out [all nodes] = derivative of the robust square by the discrete Laplacian at the listed nodes; their sum.

    weights [nodes].
    """
    total = 0.0
    for n in numba.prange(nodes.shape[0]):
        c = np.uintp(nodes[n])
        value = six_neighbours(control, shape, first, lowest, c) - np.float32(6.0) * control[c]
        length = np.sqrt(_ONE + (value / bend) ** 2)
        weight = weights[n]
        out[c] = weight * value / length
        total += weight * value * value / (_ONE + length)
    return total


@numba.njit(**JIT)
def laplacian(lap, shape, first, lowest, nodes, out):
    """out [nodes] = discrete Laplacian at the listed nodes of what is 0 at all others: by symmetry also what the sum of
    products of ``lap`` with their Laplacians gives as derivative by the nodes' values."""
    for n in numba.prange(nodes.shape[0]):
        c = np.uintp(nodes[n])
        out[n] = six_neighbours(lap, shape, first, lowest, c) - np.float32(6.0) * lap[c]


@numba.njit(**JIT)
def add_at(values, nodes, weight, summands):
    """Adds ``weight * summands`` [nodes] to the listed values."""
    for n in numba.prange(nodes.shape[0]):
        values[np.uintp(nodes[n])] += weight * summands[n]


@numba.njit(**JIT)
def subtract_at(values, nodes, other):
    """Subtracts ``other`` [all nodes] from the values at the listed nodes."""
    for n in numba.prange(nodes.shape[0]):
        values[np.uintp(nodes[n])] -= other[np.uintp(nodes[n])]


@numba.njit(**JIT)
def clear_at(values, nodes):
    for n in numba.prange(nodes.shape[0]):
        values[np.uintp(nodes[n])] = 0
