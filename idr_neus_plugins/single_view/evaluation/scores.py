"""Scores of predicted shapes. Lengths are in scene units: a shape's farthest point is 0.9 from its centroid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.core.raycasting import RayCaster
from idr_neus_plugins.evaluation.chamfer import OneWay, one_way
from idr_neus_plugins.evaluation.scores import Scores, f_scores
from idr_neus_plugins.evaluation.surface_points import sample_surface

if TYPE_CHECKING:
    import trimesh

THRESHOLDS = (0.02, 0.05)
CLEARANCE = 0.02
"""A surface point is visible where the way from this far before it to the camera is free."""


def iou(predicted: Bool[np.ndarray, " probes"], true: Bool[np.ndarray, " probes"]) -> float:
    """Volume of the intersection over that of the union, by counting probes that are evenly spread."""
    return float((predicted & true).sum() / max((predicted | true).sum(), 1))


def color_scores(
    predicted: Float[np.ndarray, "points 3"], true: Float[np.ndarray, "points 3"], visible: Bool[np.ndarray, " points"]
) -> Scores:
    """``colour_psnr`` over points of the true surface, and over those that the photograph shows and those it hides."""
    error = np.square(predicted - true).mean(1)
    parts = {"colour_psnr": error, "colour_psnr_visible": error[visible], "colour_psnr_hidden": error[~visible]}
    return {name: float(-10 * np.log10(max(part.mean(), 1e-10))) for name, part in parts.items() if len(part)}


def seen_by(
    camera: Camera, points: Float[np.ndarray, "points 3"], solid: trimesh.Trimesh
) -> Bool[np.ndarray, " points"]:
    """Which points of a solid's surface a camera sees."""
    towards = camera.centre - points
    starts = points + CLEARANCE * towards / np.linalg.norm(towards, axis=1, keepdims=True)
    return ~RayCaster(solid).blocked(starts, camera.centre)


def surface_scores(mesh: trimesh.Trimesh, true: trimesh.Trimesh, samples: int, seed: int) -> Scores:
    """``chamfer_l1``: half the sum of both directions' mean distances; ``chamfer_l2``: the sum of the mean squares;
    ``fscore_<t>``; ``normal_consistency``: mean |cosine| of the normals at closest points."""
    there, back = _one_way(mesh, true, samples, seed), _one_way(true, mesh, samples, seed + 1)
    to_true, to_mesh = there.distances, back.distances
    scores = {
        "chamfer_l1": float(to_true.mean() + to_mesh.mean()) / 2,
        "chamfer_l2": float(np.square(to_true).mean() + np.square(to_mesh).mean()),
        "normal_consistency": float(there.cosines.mean() + back.cosines.mean()) / 2,
    }
    all_f = f_scores(to_true, to_mesh, THRESHOLDS)
    return scores | {name: value for name, value in all_f.items() if name.startswith("fscore")}


def means_by_category(rows: Sequence[tuple[str, Scores]]) -> Scores:
    """``<score>_mean`` over all (category, scores), and ``<score>_<category>``; rows without a score do not count."""
    means: Scores = {}
    for name in dict.fromkeys(name for _, scores in rows for name in scores):
        known = [(category, scores[name]) for category, scores in rows if name in scores]
        means[f"{name}_mean"] = float(np.mean([value for _, value in known]))
        for category in dict.fromkeys(category for category, _ in rows):
            values = [value for each, value in known if each == category]
            if values:
                means[f"{name}_{category}"] = float(np.mean(values))
    return means


def _one_way(source: trimesh.Trimesh, target: trimesh.Trimesh, samples: int, seed: int) -> OneWay:
    return one_way(sample_surface(source, samples, seed), target, RayCaster(target))
