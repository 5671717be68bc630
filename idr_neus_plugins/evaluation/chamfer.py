"""Scores of a reconstructed mesh against an exact mesh or against reference points.

Units are those of the meshes. Distances are to the closest point of the other surface (see ``distance``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import trimesh

from idr_neus_plugins.evaluation.distance import MeshDistance, diameter, sample_surface

Scores = dict[str, float]


def compare_with_mesh(
    mesh: trimesh.Trimesh,
    exact: trimesh.Trimesh,
    thresholds: Sequence[float] = (),
    samples: int = 500_000,
    seed: int = 0,
) -> Scores:
    """Both directions, from ``samples`` points uniform over each surface's area.

    accuracy: mean distance reconstruction -> exact; completeness: mean distance exact -> reconstruction; chamfer:
    their mean. ``*_relative``: divided by the exact surface's diameter. normal_consistency: mean |cosine| between the
    face normals at a sample and at its closest point, mean of both directions. fscore_<t>: harmonic mean of the
    fractions closer than t in each direction.
    """
    to_exact, normals_to_exact = _one_way(mesh, exact, samples, seed)
    to_mesh, normals_to_mesh = _one_way(exact, mesh, samples, seed + 1)
    size = diameter(exact.vertices)
    scores = {"accuracy": to_exact.mean(), "completeness": to_mesh.mean()}
    scores["chamfer"] = (scores["accuracy"] + scores["completeness"]) / 2
    scores |= {f"{name}_relative": value / size for name, value in scores.items()}
    scores |= {"diameter": size, "normal_consistency": (normals_to_exact.mean() + normals_to_mesh.mean()) / 2}
    for threshold in thresholds:
        scores[f"fscore_{threshold:g}"] = _harmonic((to_exact < threshold).mean(), (to_mesh < threshold).mean())
    return {name: float(value) for name, value in scores.items()}


def compare_with_points(mesh: trimesh.Trimesh, points: np.ndarray, thresholds: Sequence[float] = ()) -> Scores:
    """Distances from reference points [n, 3] to the mesh: one-sided, says nothing where there are no points."""
    distances = MeshDistance(mesh)(points).distances
    scores = {"median": np.median(distances), "mean": distances.mean(), "p90": np.percentile(distances, 90)}
    scores |= {f"within_{threshold:g}": (distances < threshold).mean() for threshold in thresholds}
    return {name: float(value) for name, value in scores.items()}


def _one_way(
    source: trimesh.Trimesh, target: trimesh.Trimesh, samples: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Distances [n] and |cosines| between normals [n], from samples of ``source`` to ``target``."""
    points, faces = sample_surface(source, samples, seed)
    closest = MeshDistance(target)(points)
    cosines = np.sum(source.face_normals[faces] * target.face_normals[closest.faces], 1)
    return closest.distances, np.abs(cosines)


def _harmonic(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
