"""Points on triangles at an even spacing, as DTU's evaluation of meshes takes them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

BATCH = 4_000_000
"""Grid points considered at a time; bounds the memory unless one triangle alone has more."""


def sample_evenly(
    vertices: Float[np.ndarray, "v 3"], triangles: Float[np.ndarray, "f 3 3"], spacing: float
) -> Float[np.ndarray, "n 3"]:
    """The vertices, and points inside the triangles on a grid along two edges.

    The grid's step is spacing · sqrt(|e1| |e2| / |e1 × e2|) along either edge, so that its cells have the area
    spacing² however skew the triangle is; triangles smaller than a step give no points of their own. This is the rule
    of the Python form of DTU's evaluation that the papers since NeuS use.
    """
    return np.concatenate([vertices, *_inner_points(triangles, spacing)])


def _inner_points(triangles: np.ndarray, spacing: float) -> Iterator[np.ndarray]:
    origin, e1, e2 = triangles[:, 0], triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    length1, length2 = np.linalg.norm(e1, axis=1), np.linalg.norm(e2, axis=1)
    area2 = np.linalg.norm(np.cross(e1, e2), axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        step = spacing * np.sqrt(length1 * length2 / area2)
        steps1, steps2 = np.floor(length1 / step), np.floor(length2 / step)
    # With fewer than one step along an edge, no grid point is inside; degenerate triangles give NaN and go, too.
    faces = np.nonzero((steps1 >= 1) & (steps2 >= 1))[0]
    steps1, steps2 = steps1[faces].astype(np.int64), steps2[faces].astype(np.int64)
    counts = (steps1 + 1) * (steps2 + 1)
    for part in _batches(counts):
        face = np.repeat(np.arange(part.start, part.stop), counts[part])
        first = np.repeat(np.cumsum(counts[part]) - counts[part], counts[part])
        row, column = np.divmod(np.arange(len(face)) - first, steps2[face] + 1)
        a, b = (row + 0.5) / steps1[face], (column + 0.5) / steps2[face]
        inside = a + b < 1
        face, a, b = faces[face[inside]], a[inside, None], b[inside, None]
        yield origin[face] + a * e1[face] + b * e2[face]


def _batches(counts: np.ndarray) -> Iterator[slice]:
    start, ends = 0, np.cumsum(counts)
    while start < len(counts):
        done = ends[start - 1] if start else 0
        stop = max(int(np.searchsorted(ends, done + BATCH, side="right")), start + 1)
        yield slice(start, stop)
        start = stop
