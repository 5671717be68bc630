"""Photographs whose texture is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import trimesh

from idr_neus_plugins.core.raycasting import RayCaster
from idr_neus_plugins.evaluation.exact import compare_with_mesh
from idr_neus_plugins.evaluation.texture import quartiles, texture_of, truth_points
from tests.evaluation.test_scene_views import SIZE, camera, floor_points, scene_views


def test_texture_is_the_slope_of_the_grey_values():
    ramp = np.add.outer(3.0 * np.arange(60), 4.0 * np.arange(80))
    assert texture_of(ramp)[30, 40] == pytest.approx(5, rel=1e-3)
    assert texture_of(np.full((20, 20), 77.0)).max() == pytest.approx(0, abs=1e-3)


def half_textured(view: int) -> np.ndarray:
    """Noise where x is positive in the world: the cameras of these tests hang above with x to the right."""
    noise = np.random.default_rng(view).uniform(0, 255, (200, 200))
    return np.where(np.arange(200) > 100, noise, 128.0)


def test_points_get_the_texture_of_the_photographs_that_see_them():
    board = trimesh.creation.box(extents=[SIZE, SIZE, 1e-4])
    views = replace(scene_views(*(camera(0, 0, height) for height in (20, 25, 3))), grey=half_textured)
    surface = floor_points((-3, 0), (3, 0), (4.9, 4.9))
    sides = np.sign(views.cameras[0].project(surface.points[:2])[0][:, 0] - 100)
    truth = truth_points(RayCaster(board), surface, views, SIZE)
    assert len(truth.surface.points) == 3
    textured, plain = truth.texture[:2][sides > 0], truth.texture[:2][sides < 0]
    assert textured[0] > 20 and plain[0] == pytest.approx(0, abs=1e-3)


def test_one_camera_places_nothing():
    board = trimesh.creation.box(extents=[SIZE, SIZE, 1e-4])
    views = scene_views(camera(0, 0, 3), camera(0, 0, 20))
    truth = truth_points(RayCaster(board), floor_points((0, 0), (4, 4)), views, SIZE)
    np.testing.assert_array_equal(truth.surface.points[:, :2], [[0, 0]])


def test_normals_are_told_by_quarters_of_texture():
    """A step in the mesh stands only where the photographs are plain."""
    board = trimesh.creation.box(extents=[SIZE, SIZE, 1e-4]).subdivide_to_size(0.2)
    views = replace(scene_views(camera(0, 0, 20), camera(0, 0, 25)), grey=half_textured)
    right = views.cameras[0].project(board.vertices)[0][:, 0] > 100
    rough = board.copy()
    rough.vertices[:, 2] += np.where(right, 0, 0.05 * np.random.default_rng(0).normal(size=len(right)))
    found = compare_with_mesh(rough, board, (), 20_000, 0, views)
    assert found["normals_deg_texture_1"] > 5 and found["normals_deg_texture_4"] < 1
    assert found["normals_deg_texture_1"] > found["normals_deg"] > found["normals_deg_texture_4"]


def test_quarters_hold_as_many_points_each():
    assert np.bincount(quartiles(np.random.default_rng(0).normal(size=4000))).tolist() == [1000] * 4
