"""What cameras above a table see of it, with a plate hovering over its middle."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from idr_neus_plugins.core.camera import Camera, look_at
from idr_neus_plugins.core.raycasting import RayCaster
from idr_neus_plugins.evaluation.exact import compare_with_mesh
from idr_neus_plugins.evaluation.scene_views import SceneViews, seen_by_any, sight
from idr_neus_plugins.evaluation.surface_points import SurfacePoints

INTRINSICS = np.array([[200.0, 0, 100], [0, 200, 100], [0, 0, 1]])
SIZE = 10.0


def camera(*place: float) -> Camera:
    return Camera(INTRINSICS, look_at(np.array(place, float), np.zeros(3), np.array([0.1, 1, 0]))[:3], (200, 200))


def scene_views(*cameras: Camera, radius: float = 100.0, masked: bool = True) -> SceneViews:
    generator = np.random.default_rng(0)
    return SceneViews(cameras, lambda view: generator.uniform(0, 255, (200, 200)), np.zeros(3), radius, masked)


@pytest.fixture(scope="module")
def table() -> trimesh.Trimesh:
    """From -5 to 5 at height 0, and a plate from -1 to 1 at height 1."""
    board = trimesh.creation.box(extents=[SIZE, SIZE, 1e-4])
    return trimesh.util.concatenate([board, trimesh.creation.box(extents=[2, 2, 1e-4]).apply_translation([0, 0, 1])])  # type: ignore[return-value]


def floor_points(*places: tuple[float, float]) -> SurfacePoints:
    points = np.array([[x, y, 5e-5] for x, y in places])
    return SurfacePoints(points, np.tile([0.0, 0, -1], (len(points), 1)))


def test_the_plate_hides_what_is_under_it_from_above_only(table):
    points, caster = floor_points((0, 0), (0.9, 0), (1.5, 0), (-1.5, 2)), RayCaster(table)
    above, aside = camera(0, 0, 20), camera(-14, 0, 10)
    assert sight(caster, points, above, SIZE)[0].tolist() == [False, False, True, True]
    assert sight(caster, points, aside, SIZE)[0].tolist() == [True, False, False, True]
    seen = seen_by_any(caster, points, [above, aside], SIZE)
    np.testing.assert_array_equal(seen.points, points.points[[0, 2, 3]])
    np.testing.assert_array_equal(seen.normals, np.tile([0.0, 0, 1], (3, 1)))  # turned to the cameras


def test_neither_beside_the_picture_nor_at_a_grazing_angle(table):
    caster, points = RayCaster(table), floor_points((3, 0))
    assert sight(caster, points, camera(0, 0, 20), SIZE)[0].all()
    assert not sight(caster, floor_points((5, 5)), camera(0, 0, 7), SIZE)[0].any()
    assert not sight(caster, points, camera(20, 0, 1), SIZE)[0].any()


def test_beyond_the_region_only_masks_allow_a_judgement():
    points = floor_points((1, 0), (3, 0))
    assert scene_views(radius=2.0, masked=True).is_judged(points.points).all()
    assert scene_views(radius=2.0, masked=False).is_judged(points.points).tolist() == [True, False]


def test_scores_do_not_depend_on_the_frame(table):
    views = scene_views(camera(0, 0, 20), camera(-12, 0, 12), radius=4.0, masked=False)
    transform = trimesh.transformations.compose_matrix([3] * 3, None, [0.3, 0.5, -1], [7, 8, 9])
    fat = table.copy().apply_translation([0, 0, 0.05])
    here = compare_with_mesh(fat, table, (), 5000, 0, views)
    moved = [mesh.copy().apply_transform(transform) for mesh in (fat, table)]
    there = compare_with_mesh(*moved, (), 5000, 0, views.moved(transform))
    assert here["chamfer"] == pytest.approx(0.05, rel=5e-3) and there["chamfer"] == pytest.approx(0.15, rel=5e-3)
    for name in ("chamfer_relative", "normals_deg", "holes", "in_front"):
        assert there[name] == pytest.approx(here[name], rel=1e-3, abs=2e-3), name


def test_what_no_camera_sees_is_not_asked_for(table):
    board = trimesh.creation.box(extents=[SIZE, SIZE, 1e-4])
    hidden = trimesh.creation.icosphere(2, radius=0.3).apply_translation([0, 0, 0.5])
    with_cellar = trimesh.util.concatenate([table, hidden])
    views = scene_views(camera(0, 0, 20), camera(0.1, 0, 20))
    assert compare_with_mesh(table, with_cellar, (), 5000)["completeness"] > 0.001
    assert compare_with_mesh(table, with_cellar, (), 5000, 0, views)["completeness"] == pytest.approx(0, abs=1e-5)
    assert compare_with_mesh(board, table, (), 5000, 0, views)["completeness"] > 0.03, "the plate is seen"
