"""Rays against solids whose surfaces are known exactly."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from idr_neus_plugins.core.tracing import POINTS_AT_ONCE, RayStatus, TracingSettings, sdf_along, trace_rays
from tests.analytic import Sphere, rays_at

SETTINGS = TracingSettings()
SPHERE = Sphere(0.5, (0.1, 0.0, -0.1))


def trace(sdf, rays, find_lowest: bool = False, settings: TracingSettings = SETTINGS):
    return trace_rays(sdf, *rays, settings, find_lowest)


def count(traced, status: RayStatus) -> int:
    return int((traced.status == status).sum())


@pytest.mark.parametrize("scale", [1.0, 0.4, 1.6])
def test_a_sphere_is_met_where_it_is(scale):
    """Also through an sdf that is too small or, somewhat, too large."""
    rays = rays_at(0.6, 500)
    traced = trace(lambda x: scale * SPHERE(x).sdf, rays)
    exact, met = SPHERE.meet(*rays)
    normals = SPHERE(rays[0] + exact.nan_to_num()[:, None] * rays[1]).gradients
    frontal = met & (-(normals * rays[1]).sum(1) > 0.1)  # a search with 100 samples may miss what is barely grazed
    assert bool(traced.on_surface[frontal].all()) and not bool(traced.solid[~met].any())
    assert (traced.distances - exact)[frontal].abs().max() < 2e-3
    assert (traced.distances - exact)[frontal].abs().mean() < 1e-4
    assert int(frontal.sum()) > 50 and count(traced, RayStatus.PASSED) > 50
    assert scale != 1.0 or count(traced, RayStatus.TRACED) > 50


def test_what_sphere_tracing_leaves_open_is_searched():
    """With two steps hardly a ray arrives; the search finds the surface to the same precision."""
    rays, few = rays_at(0.4, 300), TracingSettings(iterations=2)
    traced = trace(lambda x: 0.3 * SPHERE(x).sdf, rays, settings=few)
    exact, met = SPHERE.meet(*rays)
    searched = traced.status == RayStatus.SEARCHED
    assert int(searched.sum()) > 100
    assert (traced.distances - exact)[searched].abs().max() < 1e-4


def test_every_fate_has_its_status():
    ball = Sphere(0.95, (0.3, 0.0, 0.0))  # reaches out of the region on one side
    origins = torch.tensor([[0.0, 0.0, -3.0], [3.0, 0.0, 0.0], [0.0, 2.0, -3.0], [-0.9, 0.0, -3.0]])
    directions = torch.tensor([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
    traced = trace(lambda x: ball(x).sdf, (origins, directions), find_lowest=True)
    assert traced.status.tolist() == [RayStatus.TRACED, RayStatus.INSIDE, RayStatus.OUTSIDE, RayStatus.PASSED]
    assert traced.on_surface.tolist() == [True, False, False, False]
    assert traced.solid.tolist() == [True, True, False, False]
    assert traced.distances[1] == 2.0 and traced.lowest is not None
    torch.testing.assert_close(traced.lowest[2:], torch.tensor([3.0, 3.0]), atol=0.01, rtol=0)


def test_the_lowest_point_of_a_ray_that_misses_is_its_closest():
    rays = rays_at(0.9, 300)
    traced = trace(lambda x: SPHERE(x).sdf, rays, find_lowest=True)
    passed = (traced.status == RayStatus.PASSED).nonzero()[:, 0]
    closest = ((SPHERE.centre - rays[0]) * rays[1]).sum(1)
    assert len(passed) > 50 and traced.lowest is not None
    within = (closest - traced.lowest).abs()[passed]
    assert within.median() < 0.01 and within.max() < 0.4  # the closest point itself may lie outside the region


def test_a_thin_wall_in_front_is_not_jumped():
    """Two shells: sphere tracing from the front meets the outer one, whatever lies behind."""

    def shells(x: torch.Tensor) -> torch.Tensor:
        radius = x.norm(dim=1)
        return torch.minimum((radius - 0.7).abs() - 0.01, radius - 0.3)

    rays = rays_at(0.2, 200)
    traced = trace(shells, rays)
    exact, _ = Sphere(0.71).meet(*rays)
    torch.testing.assert_close(traced.distances, exact, atol=1e-3, rtol=0)


@settings(max_examples=30, deadline=None)
@given(radius=st.floats(0.05, 0.8), seed=st.integers(0, 1000))
def test_points_on_the_surface_have_no_distance(radius, seed):
    rays, sphere = rays_at(1.2, 50, seed), Sphere(radius)
    traced = trace(lambda x: sphere(x).sdf, rays, find_lowest=True)
    on = traced.on_surface
    assert sphere((rays[0] + traced.distances[:, None] * rays[1])[on]).sdf.abs().sum() <= 2e-4 * int(on.sum())
    assert traced.lowest is not None
    lowest = sphere(rays[0] + traced.lowest[:, None] * rays[1]).sdf
    assert bool((lowest[on] <= 2e-4).all())


def test_many_points_are_asked_in_parts():
    sizes: list[int] = []

    def sdf(x: torch.Tensor) -> torch.Tensor:
        sizes.append(len(x))
        return x[:, 0]

    origins, directions = torch.zeros(400, 3), torch.tensor([[1.0, 0.0, 0.0]]).expand(400, 3)
    distances = torch.rand(400, 100)
    assert torch.equal(sdf_along(sdf, origins, directions, distances), distances)
    assert max(sizes) <= POINTS_AT_ONCE and len(sizes) == 2


def test_no_rays():
    traced = trace(lambda x: SPHERE(x).sdf, (torch.zeros(0, 3), torch.zeros(0, 3)), find_lowest=True)
    assert len(traced.status) == 0 and traced.lowest is not None and len(traced.lowest) == 0
