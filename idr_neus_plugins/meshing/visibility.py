"""What the photographs have seen of a surface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.core.raycasting import RayCaster
from idr_neus_plugins.progress import progress_bar

OFFSET = 1e-4
"""Share of the mesh's size by which rays start above the surface, so that they do not meet the face they leave."""


class Visibility(NamedTuple):
    """Of points on a surface."""

    views: np.ndarray
    """How many cameras see it [n], int32."""
    confidence: np.ndarray
    """1 − Π (1 − cos / 2) over the cameras that see it [n], float32: 0 unseen, 0.5 after one look along the normal;
    every further look halves the doubt, and a slanting one does less."""


def visibility(
    caster: RayCaster,
    points: np.ndarray,
    normals: np.ndarray,
    cameras: Sequence[Camera],
    *,
    progress: bool = True,
) -> Visibility:
    """Sight of surface ``points`` [n, 3] with unit ``normals`` [n, 3]: in the image, facing the camera, nothing before.

    The mesh itself is what may stand before a point.
    """
    views, doubt = np.zeros(len(points), np.int32), np.ones(len(points), np.float32)
    with progress_bar(progress) as bar:
        for camera in bar.track(cameras, description="Who sees it (views)"):
            cosines = seen_cosines(caster, points, normals, camera)
            views += cosines > 0
            doubt *= 1 - cosines / 2
    return Visibility(views, 1 - doubt)


def seen_cosines(caster: RayCaster, points: np.ndarray, normals: np.ndarray, camera: Camera) -> np.ndarray:
    """Cosine between the normal and the way to the camera [n] float32; 0 for points that it does not see."""
    way = camera.centre - points
    cosines = np.einsum("ij,ij->i", way, normals) / np.linalg.norm(way, axis=1)
    candidates = np.nonzero((cosines > 0) & camera.sees(camera.project(points)[0]))[0]
    starts = points[candidates] + OFFSET * caster.size * normals[candidates]
    free = candidates[~caster.blocked(starts, camera.centre)]
    seen = np.zeros(len(points), np.float32)
    seen[free] = cosines[free]
    return seen


def faces_seen(faces: np.ndarray, views: np.ndarray) -> np.ndarray:
    """Which ``faces`` [m, 3] have a vertex that some camera sees (``views`` [n])."""
    return (views[faces] > 0).any(1)
