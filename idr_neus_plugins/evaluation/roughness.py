"""What a person sees as grain: how far normals turn away from the mean of those around them.

Mean normals are over points spread evenly over the surface, within a ball, that face the same way, so that both sides
of a thin plate keep apart. An exact surface has edges and relief of its own, which turn its normals as well: what
counts is how much more a reconstruction's turn than the truth's at the same places.
"""

from __future__ import annotations

import numpy as np
import trimesh
from scipy.sparse import coo_array
from scipy.spatial import KDTree

from idr_neus_plugins.evaluation.scores import Scores
from idr_neus_plugins.evaluation.surface_points import SurfacePoints, angles_deg, sample_surface

FINE, BROAD = 0.01, 0.04
"""Radii of the balls, of the exact surface's diameter: grain is within the fine, ripple from it to the broad one."""
FLAT_GRAIN_DEG, FLAT_RIPPLE_DEG = 1.0, 3.0
"""Where the exact surface turns by less than this, it is flat: any grain there is the reconstruction's."""
BESIDE_EDGES = 0.2
"""Cosine of normals above which they are averaged where no truth tells how much of the turning is edges: what stands
across an edge of 90 degrees is left out with certainty, not by chance."""
FEWEST = 50
"""Of fewer points no mean is given."""
PER_BALL = 80
"""Points of the cloud that are enough for a mean normal; a denser cloud is thinned."""
PLACES = 40_000
"""Where roughness is asked for, at most."""


def roughness_deg(mesh: trimesh.Trimesh, radius: float, samples: int = 400_000, seed: int = 0) -> float:
    """Mean angle between the normals of a mesh and their means within ``radius``. Compare one scene's meshes only."""
    cloud = sample_surface(mesh, samples, seed)
    places = cloud.only(np.random.default_rng(seed).choice(samples, min(samples, PLACES), replace=False))
    return float(angles_deg(places.normals, mean_normals(places, cloud, radius, seed, alike=BESIDE_EDGES)).mean())


def grain_and_ripple(
    truth: SurfacePoints, exact: SurfacePoints, found: SurfacePoints, mesh: SurfacePoints, size: float, seed: int = 0
) -> Scores:
    """Degrees by which a reconstruction is rougher than the exact surface.

    grain_deg: of the normals against their means within FINE; ripple_deg: of those means against the means within
    BROAD; each less the same of the exact surface, which is ``*_truth_deg``. ``*_flat_deg``: only where the exact
    surface is flat, ``*_flat_share`` of the places; absent where there are fewer than FEWEST.

    Args:
        truth: places on the exact surface [n].
        exact: cloud over the exact surface.
        found: closest points of the reconstruction to the places [n].
        mesh: cloud over the reconstruction.
        size: diameter of the exact surface.
    """
    grain_truth, ripple_truth = _turns(truth, exact, size, seed)
    grain_found, ripple_found = _turns(found, mesh, size, seed)
    flat = grain_truth < FLAT_GRAIN_DEG
    flatter = flat & (ripple_truth < FLAT_RIPPLE_DEG)
    return _excess("grain", grain_found, grain_truth, flat) | _excess("ripple", ripple_found, ripple_truth, flatter)


def mean_normals(
    places: SurfacePoints, cloud: SurfacePoints, radius: float, seed: int = 0, alike: float = 0.0
) -> np.ndarray:
    """Unit mean normals [n, 3] of the ``cloud`` within ``radius`` of the places, of what faces as they do.

    A place that has nothing around it keeps its own normal. ``alike``: cosine of two normals that face the same way.
    """
    cloud = _downsampled(cloud, places, radius, seed)
    pairs = KDTree(places.points).sparse_distance_matrix(KDTree(cloud.points), radius, output_type="ndarray")
    own, other = pairs["i"], pairs["j"]
    averaged = np.einsum("ij,ij->i", places.normals[own], cloud.normals[other]) > alike
    own, other = own[averaged], other[averaged]
    shape = len(places.points), len(cloud.points)
    sums = coo_array((np.ones(len(own)), (own, other)), shape=shape).tocsr() @ cloud.normals
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.where(lengths > 0, sums / np.maximum(lengths, 1e-12), places.normals)


def _downsampled(cloud: SurfacePoints, places: SurfacePoints, radius: float, seed: int) -> SurfacePoints:
    """At random, to about PER_BALL points a ball."""
    generator = np.random.default_rng(seed)
    probes = places.points[generator.choice(len(places.points), min(200, len(places.points)), replace=False)]
    typical = np.median(KDTree(cloud.points).query_ball_point(probes, radius, return_length=True))
    return cloud if typical <= PER_BALL else cloud.only(generator.random(len(cloud.points)) < PER_BALL / typical)


def _turns(places: SurfacePoints, cloud: SurfacePoints, size: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Angles [n] from normal to fine mean, and from fine mean to broad mean."""
    fine, broad = (mean_normals(places, cloud, share * size, seed) for share in (FINE, BROAD))
    return angles_deg(places.normals, fine), angles_deg(fine, broad)


def _excess(name: str, found: np.ndarray, truth: np.ndarray, flat: np.ndarray) -> Scores:
    scores = {
        f"{name}_deg": (found - truth).mean(),
        f"{name}_truth_deg": truth.mean(),
        f"{name}_flat_share": flat.mean(),
    }
    if flat.sum() >= FEWEST:
        scores[f"{name}_flat_deg"] = (found - truth)[flat].mean()
    return {key: float(value) for key, value in scores.items()}
