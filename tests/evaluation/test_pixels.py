"""Balls in front of one camera: what rays meet has a closed form."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from idr_neus_plugins.core.raycasting import RayCaster
from idr_neus_plugins.evaluation.pixels import pixel_scores
from idr_neus_plugins.evaluation.scene_views import SceneViews
from idr_neus_plugins.meshing.clean import select_faces
from tests.evaluation.test_scene_views import camera, scene_views

DISTANCE = 5.0
ROUND = 5


def scores(mesh: trimesh.Trimesh, views: SceneViews) -> dict[str, float]:
    return pixel_scores(RayCaster(mesh), RayCaster(trimesh.creation.icosphere(ROUND)), views, 2.0)


def disk(radius: float) -> float:
    """Area of a ball's picture, up to a factor."""
    return np.tan(np.arcsin(radius / DISTANCE)) ** 2


def test_the_surface_itself_is_whole():
    assert scores(trimesh.creation.icosphere(ROUND), scene_views(camera(0, 0, DISTANCE))) == {
        "holes": 0, "in_front": 0, "beside": 0
    }  # fmt: skip


def test_a_larger_ball_is_in_front_and_beside():
    found = scores(trimesh.creation.icosphere(ROUND, radius=1.1), scene_views(camera(0, 0, DISTANCE)))
    assert found["holes"] == 0 and found["in_front"] == 1
    assert found["beside"] == pytest.approx(disk(1.1) / disk(1.0) - 1, abs=0.01)


def test_a_smaller_ball_leaves_holes():
    found = scores(trimesh.creation.icosphere(ROUND, radius=0.9), scene_views(camera(0, 0, DISTANCE)))
    assert found["holes"] == 1 and found["in_front"] == 0 == found["beside"]


def test_a_small_difference_of_depth_is_neither():
    found = scores(trimesh.creation.icosphere(ROUND, radius=0.99), scene_views(camera(0, 0, DISTANCE)))
    assert found["holes"] == pytest.approx(1 - disk(0.93) / disk(1.0), abs=0.1) and found["in_front"] == 0


def test_half_a_ball_shows_its_inside_through_the_hole():
    ball = trimesh.creation.icosphere(ROUND)
    half = select_faces(ball, ball.triangles_center[:, 0] < 0)
    found = scores(half, scene_views(camera(0, 0, DISTANCE), camera(0.1, 0, -DISTANCE)))
    assert found["holes"] == pytest.approx(0.5, abs=0.02) and found["in_front"] == 0


def test_only_the_region_counts_and_without_masks_nothing_is_beside():
    views = scene_views(camera(0, 0, DISTANCE), radius=0.5, masked=False)
    assert scores(trimesh.creation.icosphere(2), views) == {}
    views = scene_views(camera(0, 0, DISTANCE), radius=1.5, masked=False)
    assert set(scores(trimesh.creation.icosphere(2), views)) == {"holes", "in_front"}
