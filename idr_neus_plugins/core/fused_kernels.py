"""Numba kernels of a volume rendering's small steps: what PyTorch does in dozens of passes over the intervals, in one.

Shapes: n packed intervals, m of them listed in ``of`` (ascending; all of them, m = n, where it is empty), r rays.
"""

import numba
import numpy as np

from idr_neus_plugins.core.numba_setup import INLINE, JIT

_ZERO, _HALF, _ONE = np.float32(0.0), np.float32(0.5), np.float32(1.0)


@numba.njit(**INLINE)
def _at(of, s):
    """The s-th listed interval."""
    return of[s] if of.shape[0] else np.int64(s)


@numba.njit(**JIT)
def positions(origins, directions, rays, starts, ends, out):
    """out [n, 3] = origin + midpoint times direction of each interval's ray."""
    for s in numba.prange(rays.shape[0]):
        r, middle = rays[s], _HALF * (starts[s] + ends[s])
        for a in range(3):
            out[s, a] = origins[r, a] + middle * directions[r, a]


@numba.njit(**INLINE)
def _sections_of_neus(sdf, gradient, direction, delta, inv_s, anneal):
    """Phi at both ends of an interval, half the drop of the sdf along it, and the drop's slope by the cosine."""
    cos = gradient[0] * direction[0] + gradient[1] * direction[1] + gradient[2] * direction[2]
    early, late = max(_HALF - _HALF * cos, _ZERO), max(-cos, _ZERO)
    half = -_HALF * delta * (early * (_ONE - anneal) + late * anneal)
    slope = (
        _HALF * delta * ((_HALF * (_ONE - anneal) if early > _ZERO else _ZERO) + (anneal if late > _ZERO else _ZERO))
    )
    return _sigmoid((sdf - half) * inv_s), _sigmoid((sdf + half) * inv_s), half, slope


@numba.njit(**INLINE)
def _sigmoid(x):
    """Beyond the bounds it is 0 or 1 to the last digit, and exp stays finite."""
    return _ONE / (_ONE + np.exp(-min(max(x, np.float32(-80.0)), np.float32(80.0))))


@numba.njit(**JIT)
def neus_alpha(sdf, gradients, directions, deltas, inv_s, anneal, epsilon, alpha):
    for s in numba.prange(sdf.shape[0]):
        entering, leaving, _, _ = _sections_of_neus(sdf[s], gradients[s], directions[s], deltas[s], inv_s, anneal)
        alpha[s] = min(max((entering - leaving + epsilon) / (entering + epsilon), _ZERO), _ONE)


@numba.njit(**JIT)
def neus_alpha_backward(
    sdf, gradients, directions, deltas, inv_s, anneal, epsilon, given, by_sdf, by_gradients, by_directions
):
    """Derivatives [n], [n, 3] and [n, 3]; returns that by inv_s."""
    by_inv_s = 0.0
    for s in numba.prange(sdf.shape[0]):
        entering, leaving, half, slope = _sections_of_neus(
            sdf[s], gradients[s], directions[s], deltas[s], inv_s, anneal
        )
        below, drop = _ONE / (entering + epsilon), entering - leaving + epsilon
        g = given[s] if _ZERO <= drop <= entering + epsilon else _ZERO
        by_entering = g * leaving * below * below * entering * (_ONE - entering)
        by_leaving = -g * below * leaving * (_ONE - leaving)
        by_sdf[s] = inv_s * (by_entering + by_leaving)
        by_cos = inv_s * (by_leaving - by_entering) * slope
        by_inv_s += by_entering * (sdf[s] - half) + by_leaving * (sdf[s] + half)
        for a in range(3):
            by_gradients[s, a] = by_cos * directions[s, a]
            by_directions[s, a] = by_cos * gradients[s, a]
    return by_inv_s


@numba.njit(**JIT)
def render_weights(alpha, offsets, epsilon, weights):
    for r in numba.prange(offsets.shape[0] - 1):
        passed = _ONE
        for s in range(offsets[r], offsets[r + 1]):
            weights[s] = passed * alpha[s]
            passed *= _ONE - alpha[s] + epsilon


@numba.njit(**JIT)
def render_weights_backward(alpha, offsets, epsilon, given, by_alpha):
    """The transmittance is run through once more; what comes behind an interval is what is left of the whole."""
    for r in numba.prange(offsets.shape[0] - 1):
        passed = _ONE
        for s in range(offsets[r], offsets[r + 1]):
            by_alpha[s] = passed
            passed *= _ONE - alpha[s] + epsilon
        behind = _ZERO
        for k in range(offsets[r + 1] - offsets[r]):
            s = offsets[r + 1] - 1 - k
            before = by_alpha[s]
            by_alpha[s] = given[s] * before - behind / (_ONE - alpha[s] + epsilon)
            behind += given[s] * before * alpha[s]


@numba.njit(**INLINE)
def _whole_rays(rays, of, m, part, parts):
    """The first listed interval of a part, moved to where a ray begins."""
    s = m * part // parts
    while 0 < s < m and _ray(rays, of, s) == _ray(rays, of, s - 1):
        s += 1
    return s


@numba.njit(**INLINE)
def _ray(rays, of, s):
    return rays[_at(of, s)]


@numba.njit(**JIT)
def accumulate(weights, values, rays, of, parts, out):
    """Adds to out [r, channels] the weighted values [m, channels]; each part writes to rays of its own."""
    m, channels = values.shape
    for part in numba.prange(parts):
        for s in range(_whole_rays(rays, of, m, part, parts), _whole_rays(rays, of, m, part + 1, parts)):
            w, row = weights[_at(of, s)], out[_ray(rays, of, s)]
            for c in range(channels):
                row[c] += w * values[s, c]


@numba.njit(**JIT)
def accumulate_backward(weights, values, rays, of, given, by_weights, by_values):
    """Writes to by_weights [n] (zeros) and by_values [m, channels]."""
    m, channels = values.shape
    for s in numba.prange(m):
        at = _at(of, s)
        row, total = given[rays[at]], _ZERO
        for c in range(channels):
            total += row[c] * values[s, c]
            by_values[s, c] = weights[at] * row[c]
        by_weights[at] = total


@numba.njit(**INLINE)
def _norm(vector):
    return np.sqrt(vector[0] * vector[0] + vector[1] * vector[1] + vector[2] * vector[2])


@numba.njit(**JIT)
def unit(vectors, of, least, out):
    """out [m, 3] = the listed vectors [n, 3] at length 1."""
    for s in numba.prange(out.shape[0]):
        vector = vectors[_at(of, s)]
        scale = _ONE / max(_norm(vector), least)
        for a in range(3):
            out[s, a] = scale * vector[a]


@numba.njit(**JIT)
def unit_backward(vectors, of, least, given, by_vectors):
    """Writes to by_vectors [n, 3] (zeros)."""
    for s in numba.prange(given.shape[0]):
        at = _at(of, s)
        vector, g, length = vectors[at], given[s], _norm(vectors[at])
        scale = _ONE / max(length, least)
        along = (vector[0] * g[0] + vector[1] * g[1] + vector[2] * g[2]) * scale * scale if length > least else _ZERO
        for a in range(3):
            by_vectors[at, a] = scale * (g[a] - along * vector[a])


@numba.njit(**JIT)
def eikonal(gradients, slopes):
    """The sum of ``(|gradient| - 1)^2``; slopes [n, 3] = its derivative."""
    total = 0.0
    for s in numba.prange(gradients.shape[0]):
        length = _norm(gradients[s])
        error = length - _ONE
        total += error * error
        scale = np.float32(2.0) * error / length if length > _ZERO else _ZERO
        for a in range(3):
            slopes[s, a] = scale * gradients[s, a]
    return total


@numba.njit(**JIT)
def spherical_harmonics(directions, out):
    """out [n, 16], degrees 0 to 3."""
    three, five = np.float32(3.0), np.float32(5.0)
    for s in numba.prange(directions.shape[0]):
        x, y, z, row = directions[s, 0], directions[s, 1], directions[s, 2], out[s]
        xx, yy, zz = x * x, y * y, z * z
        row[0], row[1], row[2], row[3] = _ONE, x, y, z
        row[4], row[5], row[6], row[7], row[8] = x * y, y * z, x * z, xx - yy, three * zz - _ONE
        row[9], row[10], row[11] = y * (three * xx - yy), x * y * z, y * (five * zz - _ONE)
        row[12], row[13] = z * (five * zz - three), x * (five * zz - _ONE)
        row[14], row[15] = z * (xx - yy), x * (xx - three * yy)
