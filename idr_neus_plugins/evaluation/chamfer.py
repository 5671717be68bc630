"""Scores of a reconstructed mesh against an exact mesh or against reference points.

Units are those of the meshes. Distances are to the closest point of the other surface (see ``distance``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import trimesh

from idr_neus_plugins.evaluation.distance import MeshDistance, diameter, sample_surface
from idr_neus_plugins.evaluation.nearest import Progress
from idr_neus_plugins.evaluation.scores import Scores, chamfer, f_scores, one_sided


def compare_with_mesh(
    mesh: trimesh.Trimesh,
    exact: trimesh.Trimesh,
    thresholds: Sequence[float] = (),
    samples: int = 500_000,
    seed: int = 0,
    progress: Progress | None = None,
) -> Scores:
    """Both directions, from ``samples`` points uniform over each surface's area.

    accuracy: mean distance reconstruction -> exact; completeness: mean distance exact -> reconstruction; chamfer:
    their mean. ``*_relative``: divided by the exact surface's diameter. normal_consistency: mean |cosine| between the
    face normals at a sample and at its closest point, mean of both directions. precision_<t>, recall_<t>: fractions
    closer than t in either direction; fscore_<t>: their harmonic mean.
    """
    to_exact, normals_to_exact = _one_way(mesh, exact, samples, seed, progress)
    to_mesh, normals_to_mesh = _one_way(exact, mesh, samples, seed + 1, progress)
    size = diameter(exact.vertices)
    scores = chamfer(to_exact.mean(), to_mesh.mean())
    scores |= {f"{name}_relative": value / size for name, value in scores.items()}
    normal_consistency = float(normals_to_exact.mean() + normals_to_mesh.mean()) / 2
    scores |= {"diameter": size, "normal_consistency": normal_consistency}
    return scores | f_scores(to_exact, to_mesh, thresholds)


def compare_with_points(
    mesh: trimesh.Trimesh, points: np.ndarray, thresholds: Sequence[float] = (), progress: Progress | None = None
) -> Scores:
    """Distances from reference points [n, 3] to the mesh: one-sided, says nothing where there are no points."""
    return one_sided(MeshDistance(mesh)(points, progress).distances, thresholds)


def _one_way(
    source: trimesh.Trimesh, target: trimesh.Trimesh, samples: int, seed: int, progress: Progress | None
) -> tuple[np.ndarray, np.ndarray]:
    """Distances [n] and |cosines| between normals [n], from samples of ``source`` to ``target``."""
    points, faces = sample_surface(source, samples, seed)
    closest = MeshDistance(target)(points, progress)
    cosines = np.sum(source.face_normals[faces] * target.face_normals[closest.faces], 1)
    return closest.distances, np.abs(cosines)
