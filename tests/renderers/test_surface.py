"""Surface rendering of shapes that are known exactly."""

import pytest
import torch

from idr_neus_plugins.core.losses import soft_mask_bce, surface_rgb_l1
from idr_neus_plugins.core.schedules import rest_then_decay
from idr_neus_plugins.core.tracing import TracingSettings, trace_rays
from idr_neus_plugins.fields.mlp import SdfMLPConfig
from idr_neus_plugins.renderers.surface import SurfaceRendererConfig, render_surface
from tests.analytic import NormalColors, Sphere, rays_at

REGION = torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]])
SPHERE = Sphere(0.5, (0.1, 0.0, -0.1))


def test_depth_normals_and_colour_of_a_sphere_are_exact():
    rays = rays_at(0.6, 400)
    rendered = SurfaceRendererConfig().setup(SPHERE, REGION).eval()(*rays, SPHERE, NormalColors())
    exact, met = SPHERE.meet(*rays)
    solid = rendered.accumulation[:, 0] > 0
    assert int((solid != met).sum()) <= 4  # barely grazed
    both = solid & met
    normals = SPHERE(rays[0] + exact.nan_to_num()[:, None] * rays[1]).gradients[both]
    torch.testing.assert_close(rendered.depth[both, 0], exact[both], atol=2e-3, rtol=0)
    torch.testing.assert_close(rendered.normals[both], normals, atol=5e-3, rtol=0)
    torch.testing.assert_close(rendered.rgb[both], 0.5 + 0.5 * normals, atol=5e-3, rtol=0)
    assert rendered.rgb[~solid].abs().max() == 0 and not rendered.for_losses


def test_what_the_losses_want_comes_while_training_only():
    rays, renderer = rays_at(1.2, 100), SurfaceRendererConfig(eikonal_in_region=0.5).setup(SPHERE, REGION)
    rendered = renderer(*rays, SPHERE, NormalColors())
    wanted = rendered.for_losses
    assert set(wanted) == {"on_surface", "lowest_sdf", "mask_alpha", "gradients"}
    assert torch.equal(wanted["on_surface"], rendered.accumulation)
    assert len(wanted["gradients"]) == 50 + int(wanted["on_surface"].sum())
    inside, outside = wanted["on_surface"][:, 0] > 0, wanted["on_surface"][:, 0] == 0
    assert wanted["lowest_sdf"][inside].max() < 1e-3 and wanted["lowest_sdf"][outside].min() > -1e-3


def test_colour_has_gradients_for_geometry_and_rays():
    """A colour that is the normal can only change because the surface, or the place where the ray meets it, does."""
    torch.manual_seed(0)
    geometry = SdfMLPConfig(layers=3, width=32, octaves=1, features=0, radius=0.5).setup(REGION)
    origins, directions = rays_at(0.2, 30)
    origins.requires_grad_()
    traced = trace_rays(geometry.sdf, origins.detach(), directions, TracingSettings())
    rendered = render_surface(origins, directions, traced, geometry, NormalColors())
    rendered.rgb[:, 0].sum().backward()
    assert origins.grad is not None and float(origins.grad.norm()) > 0.1
    assert all(parameter.grad is not None for parameter in geometry.layers[0].parameters())
    assert not rendered.depth.requires_grad and not rendered.accumulation.requires_grad


def test_no_ray_meets_anything():
    origins, directions = torch.tensor([[0.0, 5.0, 0.0]]), torch.tensor([[1.0, 0.0, 0.0]])
    rendered = SurfaceRendererConfig().setup(SPHERE, REGION)(origins, directions, SPHERE, NormalColors())
    assert float(rendered.accumulation) == 0.0 and rendered.rgb.tolist() == [[0.0, 0.0, 0.0]]
    assert rendered.for_losses["lowest_sdf"].shape == (1, 1)


def test_alpha_doubles_on_time():
    renderer = SurfaceRendererConfig().setup(SPHERE, REGION)
    alphas = []
    for progress in (0.0, 0.13, 0.3, 0.4, 0.6, 0.7, 1.0):
        renderer.set_progress(progress)
        alphas.append(renderer.alpha)
    assert alphas == [50.0, 100.0, 200.0, 400.0, 800.0, 1600.0, 1600.0]


def test_surface_rgb_counts_only_what_is_seen_and_divides_by_all():
    rgb, image = torch.zeros(4, 3), torch.full((4, 3), 0.5)
    assert float(surface_rgb_l1(rgb, image, torch.tensor([[1.0], [0.0], [0.0], [0.0]]))) == pytest.approx(1.5 / 4)


def test_soft_mask_is_the_cross_entropy_of_the_paper():
    torch.manual_seed(0)
    lowest, foreground = torch.randn(50, 1, dtype=torch.float64), torch.randint(2, (50, 1)).double()
    seen = torch.randint(2, (50, 1)).double()
    silhouette = torch.sigmoid(-20.0 * lowest)
    entropy = -foreground * silhouette.log() - (1 - foreground) * (1 - silhouette).log()
    entropy = torch.where(entropy.isfinite(), entropy, torch.zeros_like(entropy))
    expected = (entropy * (1 - seen)).sum() / (20.0 * 50)
    torch.testing.assert_close(soft_mask_bce(lowest, foreground, seen, 20.0), expected, rtol=1e-6, atol=1e-9)


def test_soft_mask_pulls_and_pushes_alike_whatever_alpha():
    """A ray that misses by far pulls with force 1 per scene unit, so that doubling alpha does not double it."""
    for alpha in (50.0, 1600.0):
        lowest = torch.tensor([[0.5], [-0.5]], requires_grad=True)
        soft_mask_bce(lowest, torch.tensor([[1.0], [0.0]]), torch.zeros(2, 1), alpha).backward()
        torch.testing.assert_close(lowest.grad, torch.tensor([[0.5], [-0.5]]))


def test_schedules_of_idr():
    assert rest_then_decay(0.05, 0.1, 0.01) == 0.0 and rest_then_decay(0.1, 0.1, 0.01) == 1.0
    assert rest_then_decay(1.0, 0.1, 0.01) == pytest.approx(0.01)
