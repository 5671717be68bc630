"""A reconstruction against the exact surface: distance, normals, grain, holes, topology.

Distance alone does not tell a clean surface from crumpled foil: foil may lie as near. Each of the scores sees something
that the others miss; docs/surfaces.md shows what.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import trimesh

from idr_neus_plugins.core.raycasting import RayCaster
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.evaluation.chamfer import OneWay, one_way
from idr_neus_plugins.evaluation.nearest import Progress
from idr_neus_plugins.evaluation.pixels import pixel_scores
from idr_neus_plugins.evaluation.roughness import PLACES, grain_and_ripple
from idr_neus_plugins.evaluation.scene_views import SceneViews, TruthPoints, seen_by_any
from idr_neus_plugins.evaluation.scores import Scores, chamfer, f_scores
from idr_neus_plugins.evaluation.surface_points import (
    SurfacePoints,
    diameter,
    sample_surface,
    turned_to,
)
from idr_neus_plugins.evaluation.texture import quartiles, truth_points
from idr_neus_plugins.evaluation.topology import topology

NEAR = 0.01
"""Share of the exact surface's diameter within which a reconstruction is there at all, so that it can have grain."""
SHARES = (0.005, 0.01)
"""Of the diameter, for ``fscore_relative_<share>``."""


def compare_with_mesh(
    mesh: trimesh.Trimesh,
    exact: trimesh.Trimesh,
    thresholds: Sequence[float] = (),
    samples: int = 500_000,
    seed: int = 0,
    views: SceneViews | None = None,
    progress: Progress | None = None,
) -> Scores:
    """Both directions, from ``samples`` points uniform over each surface's area; with ``views``, from those of them
    that the cameras see (or, on the exact surface, from the points that the scene brings).

    accuracy: mean distance reconstruction -> exact; completeness: mean distance exact -> reconstruction; chamfer:
    their mean. ``*_relative``: divided by the exact surface's diameter. normal_consistency: mean |cosine| between the
    face normals at a sample and at its closest point, mean of both directions. precision_<t>, recall_<t>: fractions
    closer than t in either direction; fscore_<t>: their harmonic mean. normals_deg: mean angle between the normals at
    points of the exact surface and at the closest points; with ``views`` also by quarters of the texture that the
    photographs show there. Grain and ripple: see ``roughness``; topology: see ``topology``; holes and what stands in
    front: see ``pixels``.

    Raises UserError where no camera sees anything of either surface.
    """
    size, exact_caster, mesh_caster = diameter(exact.vertices), RayCaster(exact), RayCaster(mesh)
    found, cloud = sample_surface(mesh, samples, seed), sample_surface(exact, samples, seed + 1)
    truth = TruthPoints(cloud, None)
    if views is not None:
        found = _seen(mesh_caster, found, views, size, "the mesh")
        cloud = _seen(exact_caster, cloud, views, size, "the exact surface")
        truth = _judged_truth(exact_caster, cloud, views, size)
    there = one_way(found, exact, exact_caster, progress)
    back = one_way(truth.surface, mesh, mesh_caster, progress)
    if views is None and np.einsum("ij,ij->i", found.normals, there.closest.normals).mean() < 0:
        found = SurfacePoints(found.points, -found.normals)  # wound inside out
    return (
        _distances(there, back, size, thresholds)
        | _normals(truth, back)
        | _roughness(truth.surface, cloud, found, back, size, seed)
        | ({} if views is None else pixel_scores(mesh_caster, exact_caster, views, size))
        | topology(mesh)
    )


def _seen(caster: RayCaster, surface: SurfacePoints, views: SceneViews, size: float, name: str) -> SurfacePoints:
    seen = seen_by_any(caster, views.judged(surface), views.cameras, size)
    if len(seen.points) == 0:
        raise UserError(f"No camera of the scene sees anything of {name}. Is it in the world of the scene's cameras?")
    return seen


def _judged_truth(caster: RayCaster, seen: SurfacePoints, views: SceneViews, size: float) -> TruthPoints:
    """The points that came with the scene; without such, those of ``seen`` that photographs can place."""
    truth = truth_points(caster, seen, views, size) if views.truth is None else views.truth
    kept = views.is_judged(truth.surface.points)
    if not kept.any():
        raise UserError("No two cameras of the scene see one point of the exact surface. Judge it with --whole.")
    return TruthPoints(truth.surface.only(kept), None if truth.texture is None else truth.texture[kept])


def _distances(there: OneWay, back: OneWay, size: float, thresholds: Sequence[float]) -> Scores:
    scores = chamfer(there.distances.mean(), back.distances.mean())
    scores |= {f"{name}_relative": value / size for name, value in scores.items()}
    scores |= {"diameter": size, "normal_consistency": float(there.cosines.mean() + back.cosines.mean()) / 2}
    relative = f_scores(there.distances / size, back.distances / size, SHARES)
    relative = {f"fscore_relative_{share:g}": relative[f"fscore_{share:g}"] for share in SHARES}
    return scores | f_scores(there.distances, back.distances, thresholds) | relative


def _normals(truth: TruthPoints, back: OneWay) -> Scores:
    angles = np.degrees(np.arccos(np.clip(back.cosines, 0.0, 1.0)))
    scores = {"normals_deg": angles.mean(), "normals_deg_median": np.median(angles)}
    if truth.texture is not None:
        quarter = quartiles(truth.texture)
        scores |= {f"normals_deg_texture_{i + 1}": angles[quarter == i].mean() for i in range(4)}
    return {name: float(value) for name, value in scores.items()}


def _roughness(
    truth: SurfacePoints, cloud: SurfacePoints, found: SurfacePoints, back: OneWay, size: float, seed: int
) -> Scores:
    near = np.flatnonzero(back.distances < NEAR * size)
    if len(near) == 0:
        return {}
    places = np.random.default_rng(seed).choice(near, min(len(near), PLACES), replace=False)
    closest = back.closest.only(places)
    closest = SurfacePoints(closest.points, turned_to(closest.normals, truth.normals[places]))
    return grain_and_ripple(truth.only(places), cloud, closest, found, size, seed)
