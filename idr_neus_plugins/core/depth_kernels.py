"""Kernels of ``depth_maps``, compiled for CPUs: costs of planes, and their aggregation along scanlines."""

import math

import numba
import numpy as np

from idr_neus_plugins.core.numba_setup import INLINE, JIT

_ZERO, _ONE = np.float32(0.0), np.float32(1.0)


@numba.njit(**INLINE)
def _warp(picture, rotation, epipole, share, size, values, within):
    """The picture as the plane lays it over the reference's pixels; bilinear, pixel centres at half-integers."""
    height, width = picture.shape
    for row in range(values.shape[0]):
        y = np.float32(row) + np.float32(0.5)
        a = rotation[0, 1] * y + rotation[0, 2] + share * epipole[0]
        b = rotation[1, 1] * y + rotation[1, 2] + share * epipole[1]
        c = rotation[2, 1] * y + rotation[2, 2] + share * epipole[2]
        for column in range(values.shape[1]):
            x = np.float32(column) + np.float32(0.5)
            depth = rotation[2, 0] * x + c
            scale = _ONE / (depth if depth > np.float32(1e-9) else np.float32(1e-9))
            u, v = (rotation[0, 0] * x + a) * scale, (rotation[1, 0] * x + b) * scale
            within[row, column] = depth > _ZERO and _ZERO < u < size[1] and _ZERO < v < size[0]
            u = min(max(u - np.float32(0.5), _ZERO), np.float32(width - 1))
            v = min(max(v - np.float32(0.5), _ZERO), np.float32(height - 1))
            i, j = min(int(v), height - 2), min(int(u), width - 2)
            v, u = v - np.float32(i), u - np.float32(j)
            above = picture[i, j] + u * (picture[i, j + 1] - picture[i, j])
            below = picture[i + 1, j] + u * (picture[i + 1, j + 1] - picture[i + 1, j])
            values[row, column] = above + v * (below - above)


@numba.njit(**INLINE)
def _box_sums(values, radius, rows, sums):
    """Sums over windows of ``2 radius + 1`` pixels on a side; defined where the window lies within."""
    height, width = values.shape
    for y in range(height):
        for x in range(radius, width - radius):
            rows[y, x] = values[y, x]
        for shift in range(1, radius + 1):
            for x in range(radius, width - radius):
                rows[y, x] += values[y, x - shift] + values[y, x + shift]
    for y in range(radius, height - radius):
        for x in range(radius, width - radius):
            sums[y, x] = rows[y, x]
        for shift in range(1, radius + 1):
            for x in range(radius, width - radius):
                sums[y, x] += rows[y - shift, x] + rows[y + shift, x]


@numba.njit(**JIT)
def plane_correlations(
    template, pictures, sizes, rotations, epipoles, inverse_depths, radius, least, saturated, most_saturated, best, out
):
    """Fills ``out`` [planes, h, w]: the mean of the ``best`` normalised cross-correlations of each window.

    A plane of inverse depth d, parallel to the image of the reference, takes its pixel p to ``rotation @ p + epipole *
    d`` in another view, both homogeneous. -1 where nothing is to be seen.

    Args:
        template: [h, w], pictures [others, h', w'], sizes [others, 2] (height, width).
        rotations: [others, 3, 3], epipoles [others, 3], inverse_depths [planes].
        least: standard deviation within a window, below which there is nothing to see.
        saturated: grey value of a highlight, and the share of a window that it may cover.
    """
    height, width = template.shape
    count = np.float32((2 * radius + 1) ** 2)
    floor = np.float32(least * least)
    rows, mean = np.empty((height, width), np.float32), np.empty((height, width), np.float32)
    spread = np.empty((height, width), np.float32)
    _box_sums(template, radius, rows, mean)
    _box_sums(template * template, radius, rows, spread)
    bright = np.empty((height, width), np.float32)
    _box_sums((template > saturated).astype(np.float32), radius, rows, bright)
    for y in range(radius, height - radius):
        for x in range(radius, width - radius):
            mean[y, x] /= count
            spread[y, x] = max(spread[y, x] / count - mean[y, x] * mean[y, x], _ZERO)
            if bright[y, x] > most_saturated * count:
                spread[y, x] = _ZERO
    for plane in numba.prange(len(inverse_depths)):
        values, line = np.empty((height, width), np.float32), np.empty((height, width), np.float32)
        first, second, cross = np.empty_like(values), np.empty_like(values), np.empty_like(values)
        within = np.empty((height, width), np.bool_)
        scores = np.empty(width, np.float32)
        ranking = np.full((best, height, width), np.float32(-1.0), np.float32)
        for o in range(len(pictures)):
            _warp(pictures[o], rotations[o], epipoles[o], inverse_depths[plane], sizes[o], values, within)
            _box_sums(values, radius, line, first)
            _box_sums(values * template, radius, line, cross)
            _box_sums(values * values, radius, line, second)
            for y in range(radius, height - radius):
                for x in range(radius, width - radius):
                    other = first[y, x] / count
                    variance = second[y, x] / count - other * other
                    shared = cross[y, x] / count - other * mean[y, x]
                    clear = within[y, x] and variance > floor and spread[y, x] > floor
                    both = max(variance, floor) * max(spread[y, x], floor)
                    scores[x] = shared / np.float32(math.sqrt(both)) if clear else np.float32(-1.0)
                for place in range(best):
                    for x in range(radius, width - radius):
                        lower = min(ranking[place, y, x], scores[x])
                        ranking[place, y, x] = max(ranking[place, y, x], scores[x])
                        scores[x] = lower
        for y in range(height):
            for x in range(width):
                total = _ZERO
                for place in range(best):
                    total += ranking[place, y, x]
                out[plane, y, x] = total / np.float32(best)


@numba.njit(**INLINE)
def _step(cost, previous, small, large, out):
    """One pixel along a path (equation 13 of Hirschmüller 2008)."""
    planes = len(cost)
    lowest = previous[0]
    for k in range(1, planes):
        lowest = min(lowest, previous[k])
    for k in range(planes):
        best = min(previous[k], lowest + large)
        if k > 0:
            best = min(best, previous[k - 1] + small)
        if k < planes - 1:
            best = min(best, previous[k + 1] + small)
        out[k] = cost[k] + best - lowest


@numba.njit(**JIT)
def aggregate(costs, small, large, out):
    """Adds to ``out`` [h, w, planes] the costs along the eight paths that end in each pixel.

    Args:
        costs: [h, w, planes].
        small: price of a neighbour one plane away, ``large`` of one farther away.
    """
    height, width, planes = costs.shape
    for direction in range(8):
        dy = (0, 0, 1, -1, 1, 1, -1, -1)[direction]
        dx = (1, -1, 0, 0, 1, -1, 1, -1)[direction]
        if dy == 0:
            for y in numba.prange(height):
                path = np.zeros((2, planes), np.float32)
                for n in range(width):
                    x = n if dx > 0 else width - 1 - n
                    _step(costs[y, x], path[n % 2], small, large, path[1 - n % 2])
                    out[y, x] += path[1 - n % 2]
        else:
            lines = np.zeros((2, width, planes), np.float32)
            for n in range(height):
                y = n if dy > 0 else height - 1 - n
                now, before = lines[n % 2], lines[1 - n % 2]
                for x in numba.prange(width):
                    source = x - dx
                    if 0 <= source < width:
                        _step(costs[y, x], before[source], small, large, now[x])
                    else:
                        now[x] = costs[y, x]
                    out[y, x] += now[x]
