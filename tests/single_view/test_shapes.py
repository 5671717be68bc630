"""Procedural shapes: solid, varied, repeatable, and what their samples and photographs say of them is true."""

from __future__ import annotations

import numpy as np
import pytest

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.rendering import MeshRenderer
from idr_neus_plugins.single_view.shapes.categories import CATEGORIES, category_maker
from idr_neus_plugins.single_view.shapes.photographs import photograph, random_camera
from idr_neus_plugins.single_view.shapes.samples import occupancy, probes, sdf_samples, surface_samples
from idr_neus_plugins.single_view.shapes.shape import RADIUS, Shape, shape_of

SEEDS = range(4)


def made(category: str, seed: int = 0) -> Shape:
    return shape_of(category_maker(category)(np.random.default_rng(seed))).normalised()


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_shape_is_one_watertight_solid_of_its_size(category):
    for seed in SEEDS:
        solid = made(category, seed).solid
        assert solid.is_watertight and solid.volume > 0
        assert np.linalg.norm(solid.vertices, axis=1).max() == pytest.approx(RADIUS)
        assert solid.body_count == 1


@pytest.mark.parametrize("category", CATEGORIES)
def test_seeds_repeat_and_differ(category):
    volumes = [made(category, seed).solid.volume for seed in SEEDS]
    assert volumes[1] == made(category, 1).solid.volume
    assert len(set(volumes)) == len(SEEDS)


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_mirrored_shape_is_one_of_its_kind(category):
    """Training exchanges left and right: no category may have a side in x that others of it have not."""
    low, high = made(category).solid.bounds
    assert low[0] == pytest.approx(-high[0], abs=0.02)


def test_signed_distances_belong_to_the_rounded_points():
    shape = made("mug")
    points, sdf = sdf_samples(shape, 500, np.random.default_rng(0))
    assert points.dtype == sdf.dtype == np.float16
    exact = shape.caster.signed_distances(points.astype(np.float64))
    assert np.abs(sdf - exact).max() < 1e-3
    assert (sdf < 0).any() and (sdf > 0.1).any(), "inside and free space are both sampled"


def test_the_occupied_share_of_the_probes_is_the_volume():
    shape = made("car")
    ball = 4 / 3 * np.pi
    assert occupancy(shape).mean() * ball == pytest.approx(shape.solid.volume, rel=0.05)
    assert np.linalg.norm(probes(), axis=1).max() <= 1


def test_colours_of_a_surface_point_are_those_of_the_paint_there():
    from idr_neus_plugins.single_view.shapes.paint import stripes
    from idr_neus_plugins.single_view.shapes.solids import box

    red, blue = np.array([1.0, 0, 0]), np.array([0, 0, 1.0])
    striped = shape_of(box((1.0, 1.0, 0.9), (0, 0, 0), stripes(red, blue, np.array([0, 0, 1.0]), 1.0)))
    points, colors = surface_samples(striped, 400, np.random.default_rng(0))
    high, low = points[:, 2] > 0.08, points[:, 2] < -0.08
    assert (colors[high] == [255, 0, 0]).all() and (colors[low] == [0, 0, 255]).all()


def test_the_shape_projects_onto_its_silhouette():
    shape, camera = made("chair"), random_camera(np.random.default_rng(3), 96)
    alpha = photograph(MeshRenderer(shape.look), camera)[..., 3] > 127
    hits = shape.caster.first_hits(camera.centre, camera.rays(camera.pixel_centres())).met.reshape(camera.size)
    assert (alpha & hits).sum() / (alpha | hits).sum() > 0.95
    assert not alpha[[0, -1]].any() and not alpha[:, [0, -1]].any(), "the whole shape is in the picture"


def test_an_unknown_category_is_named():
    with pytest.raises(UserError, match="sofa"):
        category_maker("sofa")
