"""The sweep of planes, compiled for CPUs: each plane lays the patch over another view by a homography."""

import math

import numba
import numpy as np

from idr_neus_plugins.core.numba_setup import INLINE, JIT


@numba.njit(**INLINE)
def _look_up(picture, x, y):
    """Bilinear, pixel centres at half-integers; the border's values outside."""
    height, width = picture.shape
    x = min(max(x - np.float32(0.5), np.float32(0.0)), np.float32(width - 1))
    y = min(max(y - np.float32(0.5), np.float32(0.0)), np.float32(height - 1))
    i, j = min(int(y), height - 2), min(int(x), width - 2)
    v, u = y - np.float32(i), x - np.float32(j)
    above = picture[i, j] + u * (picture[i, j + 1] - picture[i, j])
    below = picture[i + 1, j] + u * (picture[i + 1, j + 1] - picture[i + 1, j])
    return above + v * (below - above)


@numba.njit(**INLINE)
def _positive(a, b, c, reach):
    """Whether ``a x + b y + c`` is so on the whole square of offsets up to ``reach``."""
    return c > reach * (abs(a) + abs(b))


@numba.njit(**INLINE)
def _ncc(picture, homography, offsets, template, least):
    """Of a patch whose pixel ``offset`` lies at ``homography @ (*offset, 1)``; -1 where the view shows nothing."""
    total = squares = products = np.float32(0.0)
    h = homography
    for n in range(offsets.shape[0]):
        x, y = offsets[n, 0], offsets[n, 1]
        depth = np.float32(1.0) / (h[2, 0] * x + h[2, 1] * y + h[2, 2])
        value = _look_up(
            picture, (h[0, 0] * x + h[0, 1] * y + h[0, 2]) * depth, (h[1, 0] * x + h[1, 1] * y + h[1, 2]) * depth
        )
        total += value
        squares += value * value
        products += value * template[n]
    spread = math.sqrt(max(squares - total * total / np.float32(offsets.shape[0]), np.float32(0.0)))
    return products / spread if spread > least else np.float32(-1.0)


@numba.njit(**INLINE)
def _insert(ranking, value):
    """Into a descending list, whose last one falls out."""
    for place in range(ranking.shape[0]):
        if value > ranking[place]:
            ranking[place], value = value, ranking[place]


@numba.njit(**JIT)
def sweep(pictures, sizes, rotations, epipoles, slopes, heights, pixels, offsets, templates, least, best, out):
    """Fills ``out`` [patches, planes], which holds -1; ``others`` are the other views.

    The plane ``slope . pixel = height`` takes a pixel to ``rotation @ pixel + epipole * (slope . pixel) / height`` in
    another view, both homogeneous. The third coordinate is the depth there, of a depth of 1 here; the depth here has
    the sign of ``height * (slope . pixel)``. Planes of which either is not positive on the whole patch are left out.

    Args:
        pictures: [others, h, w], ``sizes`` [others, 2].
        rotations: [others, 3, 3], epipoles [others, 3].
        slopes: [patches, 3], heights [patches, planes], pixels [patches, 2].
        offsets: [pixels, 2], a square whose last one is its corner; templates [patches, pixels]: mean 0, norm 1.
        least: norm of a patch less its mean, below which there is nothing to see.
        best: so many views count.
    """
    steps = offsets.astype(np.float32)
    reach = offsets[-1, 0]
    for p in numba.prange(pixels.shape[0]):
        homography, ranking = np.empty((3, 3), np.float32), np.empty(best, np.float32)
        x, y = pixels[p, 0], pixels[p, 1]
        slope = slopes[p, 0] * x + slopes[p, 1] * y + slopes[p, 2]
        for k in range(heights.shape[1]):
            side = math.copysign(1.0, heights[p, k])
            if not _positive(side * slopes[p, 0], side * slopes[p, 1], side * slope, reach):
                continue
            ranking[:] = -1.0
            for o in range(pictures.shape[0]):
                rotation, epipole = rotations[o], epipoles[o]
                for i in range(3):
                    share = epipole[i] / heights[p, k]
                    homography[i, 0] = rotation[i, 0] + share * slopes[p, 0]
                    homography[i, 1] = rotation[i, 1] + share * slopes[p, 1]
                    homography[i, 2] = rotation[i, 0] * x + rotation[i, 1] * y + rotation[i, 2] + share * slope
                if not _positive(homography[2, 0], homography[2, 1], homography[2, 2], reach):
                    continue
                column, row = homography[0, 2] / homography[2, 2], homography[1, 2] / homography[2, 2]
                if 0.0 < column < sizes[o, 1] and 0.0 < row < sizes[o, 0]:
                    _insert(ranking, _ncc(pictures[o], homography, steps, templates[p], least))
            out[p, k] = ranking.mean()
