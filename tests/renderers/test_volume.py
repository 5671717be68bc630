from functools import partial

import pytest
import torch

from idr_neus_plugins.core.opacity import neus_alpha
from idr_neus_plugins.core.ray_intervals import RayIntervals
from idr_neus_plugins.fields.geometry import GeometryField, GeometryOutput
from idr_neus_plugins.renderers.renderer import RenderedRays
from idr_neus_plugins.renderers.volume import render_volume
from idr_neus_plugins.samplers.neus import NeusSamplerConfig
from tests.analytic import NormalColors, Plane, Sphere, rays_at

REGION = torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]])


def law(output: GeometryOutput, directions: torch.Tensor, deltas: torch.Tensor, inv_s: float) -> torch.Tensor:
    cos = (output.gradients * directions).sum(-1).clamp(max=0.0)
    return neus_alpha(output.sdf, cos, deltas, inv_s)


def render(
    geometry: GeometryField, origins, directions, intervals: RayIntervals, inv_s: float, threshold: float = 0.0
) -> RenderedRays:
    return render_volume(origins, directions, intervals, geometry, NormalColors(), partial(law, inv_s=inv_s), threshold)


@pytest.mark.parametrize("inv_s", [50.0, 200.0, 2000.0])
def test_depth_of_a_plane_is_exact_with_midpoints(inv_s):
    """A plane at 1.000 in 32 intervals on [0, 2]. Asking at interval starts would give 1.031."""
    origins, directions = torch.zeros(1, 3), torch.tensor([[0.0, 0.0, 1.0]])
    intervals = RayIntervals.from_edges(torch.linspace(0.0, 2.0, 33)[None])
    rays = render(Plane(1.0), origins, directions, intervals, inv_s)
    assert abs(float(rays.depth) - 1.0) < 1e-3
    assert abs(float(rays.accumulation) - 1.0) < 1e-3
    torch.testing.assert_close(rays.normals, torch.tensor([[0.0, 0.0, -1.0]]), atol=1e-3, rtol=0)


def test_depth_of_a_slanted_plane_is_the_distance_along_the_ray():
    direction = torch.nn.functional.normalize(torch.tensor([[0.6, 0.0, 1.0]]), dim=1)
    intervals = RayIntervals.from_edges(torch.linspace(0.0, 2.0, 257)[None])
    rays = render(Plane(1.0), torch.zeros(1, 3), direction, intervals, inv_s=500.0)
    assert abs(float(rays.depth) - 1.0 / float(direction[0, 2])) < 2e-3


def test_depth_and_colour_of_a_sphere_through_the_sampler():
    sphere, (origins, directions) = Sphere(0.5, (0.1, 0.0, -0.1)), rays_at(0.6, 400)
    intervals = NeusSamplerConfig().setup(REGION).eval()(origins, directions, sphere)
    rays = render(sphere, origins, directions, intervals, inv_s=1000.0)
    exact, met = sphere.meet(origins, directions)
    normals = sphere(origins + exact[:, None] * directions).gradients
    frontal = met & (-(normals * directions).sum(1) > 0.5)
    assert 50 < int(frontal.sum()) and 50 < int((~met).sum())
    error = (rays.depth[:, 0] - exact)[frontal]
    assert error.abs().max() < 3e-3 and abs(float(error.mean())) < 5e-4
    torch.testing.assert_close(rays.rgb[frontal], 0.5 + 0.5 * normals[frontal], atol=2e-2, rtol=0)
    clear = ~Sphere(0.55, (0.1, 0.0, -0.1)).meet(origins, directions)[1]
    assert rays.accumulation[clear].max() < 0.01 and rays.accumulation[frontal].min() > 0.99


def test_leaving_out_light_sections_changes_next_to_nothing():
    sphere, (origins, directions) = Sphere(0.5), rays_at(0.6, 100)
    intervals = NeusSamplerConfig().setup(REGION).eval()(origins, directions, sphere)
    everywhere = render(sphere, origins, directions, intervals, inv_s=300.0)
    sparse = render(sphere, origins, directions, intervals, inv_s=300.0, threshold=1e-4)
    assert not torch.equal(sparse.rgb, everywhere.rgb)
    torch.testing.assert_close(sparse.rgb, everywhere.rgb, atol=1.3e-2, rtol=0)


def test_rays_without_sections_show_the_background():
    origins, directions = torch.zeros(3, 3), torch.tensor([[0.0, 0.0, 1.0]]).expand(3, 3)
    intervals = RayIntervals.from_edges(torch.zeros(0, 5), torch.zeros(3, dtype=torch.bool))
    rays = render(Plane(1.0), origins, directions, intervals, inv_s=100.0)
    behind = torch.tensor([[0.2, 0.4, 0.6]]).expand(3, 3)
    assert torch.equal(rays.over(behind), behind)
    assert rays.depth.abs().max() == 0.0 and rays.for_losses["gradients"].shape == (0, 3)
