"""Known answers: concentric spheres, shifted planes, a missing half."""

from __future__ import annotations

import pytest
import trimesh

from idr_neus_plugins.evaluation.exact import compare_with_mesh
from idr_neus_plugins.meshing.clean import select_faces

SAMPLES = 20_000


def test_concentric_spheres():
    inner, outer = (trimesh.creation.icosphere(subdivisions=5, radius=radius) for radius in (10.0, 10.5))
    scores = compare_with_mesh(inner, outer, (0.4, 0.6), SAMPLES)
    for name in ("accuracy", "completeness", "chamfer"):
        assert scores[name] == pytest.approx(0.5, abs=0.01)
        assert scores[f"{name}_relative"] == pytest.approx(0.5 / 21, abs=5e-4)
    assert scores["diameter"] == pytest.approx(21, rel=2e-3)
    assert scores["normal_consistency"] > 0.999
    assert scores["fscore_0.4"] == 0 and scores["fscore_0.6"] == 1


def test_shifted_planes():
    plane = trimesh.Trimesh([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], [[0, 1, 2], [0, 2, 3]], process=False)
    shifted = plane.copy()
    shifted.apply_translation([0, 0, 0.25])
    scores = compare_with_mesh(plane, shifted, (0.3,), SAMPLES)
    assert scores["accuracy"] == pytest.approx(0.25, abs=1e-5) == scores["completeness"]
    assert scores["normal_consistency"] == pytest.approx(1) and scores["fscore_0.3"] == 1


def test_missing_half_costs_completeness_only():
    square = trimesh.creation.box(extents=[2, 2, 1e-6]).subdivide_to_size(0.1)
    half = select_faces(square, square.triangles_center[:, 0] < 0)
    rim = half.bounds[1, 0]
    scores = compare_with_mesh(half, square, (1e-3,), SAMPLES)
    assert scores["accuracy"] == pytest.approx(0, abs=1e-5)
    assert scores["completeness"] == pytest.approx((1 - rim) ** 2 / 4, abs=0.02)
    recall = (1 + rim) / 2
    assert scores["fscore_0.001"] == pytest.approx(2 * recall / (1 + recall), abs=0.02)


def test_floater_costs_accuracy_only():
    sphere = trimesh.creation.icosphere(subdivisions=4)
    floater = trimesh.creation.icosphere(subdivisions=4)
    floater.apply_translation([10, 0, 0])
    scores = compare_with_mesh(trimesh.util.concatenate([sphere, floater]), sphere, (), SAMPLES)
    assert scores["accuracy"] == pytest.approx(0.5 * (10 - 1 + 1 / 30), abs=0.1)  # mean of |x − c| − 1 over the floater
    assert scores["completeness"] == pytest.approx(0, abs=1e-5)
