"""From the points of one surface to another surface.

Distances are to the closest point of the other surface, not to its nearest vertex, in the units of the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import trimesh

from idr_neus_plugins.core.raycasting import RayCaster
from idr_neus_plugins.evaluation.nearest import Progress
from idr_neus_plugins.evaluation.scores import Scores, one_sided
from idr_neus_plugins.evaluation.surface_points import SurfacePoints, at_closest


class OneWay(NamedTuple):
    """From points of one surface to another surface."""

    distances: np.ndarray
    """[n]"""
    closest: SurfacePoints
    """The other surface's closest points [n]."""
    cosines: np.ndarray
    """Unsigned, between the normals of the two [n]."""


def one_way(
    source: SurfacePoints, target: trimesh.Trimesh, caster: RayCaster, progress: Progress | None = None
) -> OneWay:
    """``caster``: that of ``target``."""
    found = caster.closest(source.points, progress)
    closest = at_closest(target, found)
    return OneWay(found.distances, closest, np.abs(np.einsum("ij,ij->i", source.normals, closest.normals)))


def compare_with_points(
    mesh: trimesh.Trimesh, points: np.ndarray, thresholds: Sequence[float] = (), progress: Progress | None = None
) -> Scores:
    """Distances from reference points [n, 3] to the mesh: one-sided, says nothing where there are no points."""
    return one_sided(RayCaster(mesh).closest(points, progress).distances, thresholds)
