"""Colours of errors, and truths in another frame."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.evaluation.dtu import load_dtu_scan
from idr_neus_plugins.evaluation.error_colors import UNKNOWN, error_colors
from idr_neus_plugins.evaluation.truth import ExactMesh, ReferencePoints, StructuredLight
from tests.evaluation.test_dtu import fibonacci, sphere, write_scan


def test_colors_run_from_blue_to_red_and_stop_there():
    low, high, beyond, unknown = error_colors(np.array([0.0, 2.0, 9.0, np.nan]), 2.0)
    assert low[2] > low[0] and high[0] > high[2]
    np.testing.assert_array_equal(high, beyond)
    np.testing.assert_array_equal(unknown, UNKNOWN)


def test_a_mesh_is_colored_by_its_distance_to_the_exact_one():
    exact = trimesh.creation.icosphere(subdivisions=3)
    truth = ExactMesh("ball", (), exact, 1000, 0)
    colored = truth.colored(exact.copy().apply_scale(1.5), limit=1.0)
    expected = error_colors(np.full(1, 0.5), 1.0)[0].astype(int)
    assert np.abs(colored.visual.vertex_colors.astype(int) - expected).max() <= 4


def test_points_carry_the_colors_where_only_points_are_known():
    box = trimesh.creation.box()
    shape = ReferencePoints("p", (), np.array([[0, 0, 0.5], [0, 0, 2.5]])).colored(box, 2.0)
    np.testing.assert_array_equal(shape.colors, error_colors(np.array([0.0, 2.0]), 2.0))


def test_scan_colors_leave_out_the_unseen(tmp_path):
    truth = StructuredLight("scan", (), load_dtu_scan(write_scan(tmp_path, fibonacci(3.0, 0.1)), 7), 0)
    mesh = sphere(3.0)
    grey = (truth.colored(mesh, 1.0).visual.vertex_colors == UNKNOWN).all(1)
    np.testing.assert_array_equal(grey, ~truth.scan.is_observed(mesh.vertices))
    assert grey.any() and not grey.all()
    with pytest.raises(UserError, match="millimetres"):
        truth.moved(np.eye(4))


def test_scores_are_the_same_in_units_of_the_other_frame():
    transform = trimesh.transformations.scale_and_translate(0.1, [1, 2, 3])
    exact, mesh = (trimesh.creation.icosphere(subdivisions=3, radius=radius) for radius in (10, 11))
    world = ExactMesh("ball", (2.0,), exact, 5000, 0)
    scene = world.moved(transform).scores(mesh.copy().apply_transform(transform))
    assert scene["chamfer"] == pytest.approx(0.1 * world.scores(mesh)["chamfer"], rel=1e-3)
    points = ReferencePoints("p", (), 12 * exact.vertices / 10).moved(transform)
    assert points.scores(mesh.apply_transform(transform))["median"] == pytest.approx(0.1, abs=3e-3)
