"""Marching rays through a grid of signed distances, compiled for CPUs."""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

REFINEMENTS = 4
"""Halvings of the step around the smallest value."""


FAST = {"contract", "reassoc", "arcp", "nsz"}
"""Not all of fastmath: that would hold infinity, which marks rays that miss, for impossible."""


@njit(cache=True, fastmath=FAST, inline="always")
def _look_up(sdf, reach, x, y, z):
    last = sdf.shape[0] - 1
    scale = last / (2.0 * reach)
    x, y, z = (x + reach) * scale, (y + reach) * scale, (z + reach) * scale
    i, j, k = min(max(int(x), 0), last - 1), min(max(int(y), 0), last - 1), min(max(int(z), 0), last - 1)
    u, v, w = min(max(x - i, 0.0), 1.0), min(max(y - j, 0.0), 1.0), min(max(z - k, 0.0), 1.0)
    a = (sdf[i, j, k] * (1 - w) + sdf[i, j, k + 1] * w) * (1 - v)
    a += (sdf[i, j + 1, k] * (1 - w) + sdf[i, j + 1, k + 1] * w) * v
    b = (sdf[i + 1, j, k] * (1 - w) + sdf[i + 1, j, k + 1] * w) * (1 - v)
    b += (sdf[i + 1, j + 1, k] * (1 - w) + sdf[i + 1, j + 1, k + 1] * w) * v
    return a * (1 - u) + b * u


@njit(parallel=True, cache=True, fastmath=FAST)
def march(sdf, reach, origins, directions, deep, closest, values, met, slopes):
    """Fills all fields of ``march.March`` [poses, rays]. ``origins`` [poses, 3], ``directions`` [poses, rays, 3],
    ``deep`` [poses]."""
    smallest_step = reach / (sdf.shape[0] - 1)
    for pose in prange(len(origins)):
        ox, oy, oz = origins[pose]
        for ray in range(directions.shape[1]):
            dx, dy, dz = directions[pose, ray]
            length = math.sqrt(dx * dx + dy * dy + dz * dz)
            middle = -(ox * dx + oy * dy + oz * dz) / (length * length)
            x, y, z = ox + middle * dx, oy + middle * dy, oz + middle * dz
            apart = math.sqrt(x * x + y * y + z * z)
            half = reach * reach - apart * apart
            closest[pose, ray], met[pose, ray], slopes[pose, ray] = middle, np.inf, -1.0
            values[pose, ray] = apart - 1.0
            if half <= 0.0:
                continue
            half = math.sqrt(half) / length
            t, end = max(middle - half, 1e-3), middle + half
            before, before_t, best, best_t = np.inf, t, np.inf, t
            while t < end:
                value = _look_up(sdf, reach, ox + t * dx, oy + t * dy, oz + t * dz)
                if value < best:
                    best, best_t = value, t
                if value < 0.0 and before >= 0.0 and before < np.inf and met[pose, ray] == np.inf:
                    slope = (value - before) / (t - before_t)
                    met[pose, ray], slopes[pose, ray] = before_t - before / slope, slope
                if value < -deep[pose] and met[pose, ray] < np.inf:
                    break
                before, before_t = value, t
                t += max(abs(value), smallest_step) / length
            closest[pose, ray], values[pose, ray] = best_t, best
            if abs(best) > deep[pose]:
                continue
            width = max(abs(best), smallest_step) / length
            for _ in range(REFINEMENTS):
                width *= 0.5
                for side in (-1.0, 1.0):
                    s = best_t + side * width
                    value = _look_up(sdf, reach, ox + s * dx, oy + s * dy, oz + s * dz)
                    if value < best:
                        best, best_t = value, s
            closest[pose, ray], values[pose, ray] = best_t, best
