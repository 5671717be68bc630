"""Roofs of known slope: fine ones are grain, broad ones ripple."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from idr_neus_plugins.evaluation.roughness import BROAD, FINE, grain_and_ripple, mean_normals, roughness_deg
from idr_neus_plugins.evaluation.surface_points import SurfacePoints, sample_surface

SIZE = 10.0
SLOPE_DEG = 20.0


def roofs(period: float, slope_deg: float = SLOPE_DEG) -> trimesh.Trimesh:
    """A square of SIZE, folded to roofs along y."""
    x = np.arange(0, SIZE + period / 4, period / 2)
    z = np.tan(np.radians(slope_deg)) * period / 2 * (np.arange(len(x)) % 2)
    vertices = np.concatenate([np.stack([x, np.full_like(x, y), z], 1) for y in (0.0, SIZE)])
    first, second = np.arange(len(x) - 1), np.arange(len(x) - 1) + len(x)
    faces = np.concatenate([np.stack([first, first + 1, second], 1), np.stack([first + 1, second + 1, second], 1)])
    return trimesh.Trimesh(vertices, faces, process=False)


def excess(mesh: trimesh.Trimesh, truth: trimesh.Trimesh) -> dict[str, float]:
    """Scores at places away from the border, where a ball would not be full."""
    clouds = [sample_surface(surface, 200_000, seed) for seed, surface in enumerate((truth, mesh))]
    exact, found = clouds
    inner = [cloud.only((np.abs(cloud.points[:, :2] - SIZE / 2) < 0.4 * SIZE).all(1)) for cloud in clouds]
    places = [cloud.only(np.arange(3000)) for cloud in inner]
    return grain_and_ripple(places[0], exact, places[1], found, SIZE)


def test_folds_within_the_ball_turn_every_normal_by_their_slope():
    assert roughness_deg(roofs(0.05), radius=0.5, samples=200_000) == pytest.approx(SLOPE_DEG, abs=0.8)


def test_flat_and_round_surfaces_are_not_rough():
    assert roughness_deg(roofs(0.05, slope_deg=0.0), radius=0.5, samples=20_000) == pytest.approx(0, abs=1e-4)
    ball = trimesh.creation.icosphere(6, radius=SIZE)
    assert roughness_deg(ball, radius=0.5, samples=50_000) < 0.5


def test_fine_folds_are_grain():
    scores = excess(roofs(0.02), roofs(0.02, slope_deg=0.0))
    assert scores["grain_deg"] == scores["grain_flat_deg"] == pytest.approx(SLOPE_DEG, abs=0.5)
    assert scores["ripple_deg"] < 4.0  # what means of 80 normals leave of the slope
    assert scores["grain_truth_deg"] < 1e-4 and scores["grain_flat_share"] == 1


def test_folds_between_the_two_balls_are_ripple():
    period = 2.2 * np.sqrt(FINE * BROAD) * SIZE
    scores = excess(roofs(period), roofs(period, slope_deg=0.0))
    assert scores["ripple_flat_deg"] > 10 and scores["ripple_flat_deg"] > 1.3 * scores["grain_flat_deg"]


def test_relief_of_the_truth_is_no_grain_of_the_mesh():
    scores = excess(roofs(0.02), roofs(0.02))
    assert scores["grain_deg"] == pytest.approx(0, abs=0.1) and scores["grain_truth_deg"] > 0.95 * SLOPE_DEG
    assert scores["grain_flat_share"] == 0 and "grain_flat_deg" not in scores


def test_the_other_side_of_a_thin_plate_does_not_count():
    plate = sample_surface(trimesh.creation.box(extents=[SIZE, SIZE, 1e-3]), 20_000, 0)
    place = SurfacePoints(np.array([[0.1, 0.2, 5e-4], [0.1, 0.2, -5e-4]]), np.array([[0, 0, 1.0], [0, 0, -1]]))
    np.testing.assert_allclose(mean_normals(place, plate, 1.0), place.normals, atol=1e-9)


def test_a_place_with_nothing_around_keeps_its_normal():
    far = SurfacePoints(np.array([[99.0, 0, 0]]), np.array([[0.6, 0.8, 0]]))
    cloud = sample_surface(trimesh.creation.box(), 100, 0)
    np.testing.assert_array_equal(mean_normals(far, cloud, 1.0), far.normals)
