"""Every giver of a surface answers by one protocol, and alike about one solid."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import normalize

from idr_neus_plugins.core.surface import Surface, trace_surface
from idr_neus_plugins.data.sample_camera import trace
from idr_neus_plugins.data.sample_surface import SampleSurface
from idr_neus_plugins.data.solids import solid_named
from idr_neus_plugins.fields.surface import FieldSurface
from tests.analytic import NormalColors, Sphere, rays_at
from tests.meshing.views import SphereSurface

REGION, FRAME = torch.tensor([[-1.0] * 3, [1.0] * 3]), torch.eye(4, dtype=torch.float64)
RADIUS = 0.5


def of_fields(**changes) -> FieldSurface:
    return FieldSurface(Sphere(RADIUS), NormalColors(), REGION, FRAME, **changes)


@pytest.mark.parametrize("surface", [of_fields(), SphereSurface(RADIUS)], ids=["fields", "analytic"])
def test_rays_meet_a_sphere_where_geometry_says(surface):
    origins, directions = rays_at(0.7, 400)
    expected, met = Sphere(RADIUS).meet(origins, directions)
    hits = surface.trace(origins, directions)
    assert isinstance(surface, Surface) and 50 < int(met.sum()) < 350
    assert torch.equal(hits.met, met)
    torch.testing.assert_close(hits.distances[met], expected[met], atol=1e-3, rtol=0)
    points = (origins + expected[:, None] * directions)[met]
    torch.testing.assert_close(hits.normals[met], points / RADIUS, atol=0.01, rtol=0)


def test_another_level_is_another_surface():
    wider, points = of_fields(level=0.2), torch.tensor([[0.7, 0.0, 0.0], [0.0, 0.9, 0.0]])
    torch.testing.assert_close(wider.sdf(points), torch.tensor([0.0, 0.2]))
    ray = torch.tensor([[0.0, 0.0, -3.0]]), torch.tensor([[0.0, 0.0, 1.0]])
    assert float(wider.trace(*ray).distances) == pytest.approx(2.3, abs=1e-3)


def test_colours_are_radiance_along_the_normal():
    surface, points = of_fields(), RADIUS * normalize(torch.randn(20, 3), dim=1)
    torch.testing.assert_close(surface.colors(points), surface.radiance(points, -surface.normals(points)))
    with pytest.raises(AssertionError, match="without colours"):
        FieldSurface(Sphere(RADIUS), None, REGION, FRAME).colors(points)


def test_the_sample_solid_is_traced_as_it_is_photographed():
    surface, origin = SampleSurface(), torch.tensor([2.0, -2.0, 1.0])
    targets = torch.rand(500, 3, generator=torch.Generator().manual_seed(0)) * 1.2 - 0.6
    directions = normalize(targets - origin, dim=1)
    expected, met = trace(solid_named("jug"), origin, directions)
    hits = surface.trace(origin.expand_as(directions), directions)
    assert float((hits.met == met).float().mean()) > 0.99
    both = hits.met & met
    assert float((hits.distances - expected)[both].abs().quantile(0.98)) < 2e-3
    on_it = (origin + hits.distances[:, None] * directions)[both]
    assert float(surface.sdf(on_it).abs().max()) < 1e-3
    assert float((surface.normals(on_it) * directions[both]).sum(dim=1).max()) < 0.1


def test_the_region_bounds_the_search():
    ball = SphereSurface(0.5)
    ball.region = 0.2 * ball.region
    ray = torch.tensor([[0.0, 0.0, -3.0]]), torch.tensor([[0.0, 0.0, 1.0]])
    assert not bool(trace_surface(ball, *ray).met), "the whole region is inside of the solid"
