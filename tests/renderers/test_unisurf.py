import pytest
import torch

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.fields.sharpness import FixedSharpnessConfig
from idr_neus_plugins.laws.unisurf import UnisurfLawConfig
from idr_neus_plugins.renderers.unisurf import UnisurfRendererConfig
from idr_neus_plugins.samplers.neus import NeusSamplerConfig
from idr_neus_plugins.samplers.unisurf import UnisurfSamplerConfig
from tests.analytic import NormalColors, Sphere, rays_at

REGION = torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]])
SPHERE = Sphere(0.5)


def renderer(inv_s: float = 600.0):
    law = UnisurfLawConfig(sharpness=FixedSharpnessConfig(inv_s=inv_s))
    built = UnisurfRendererConfig(sampler=UnisurfSamplerConfig(), law=law).setup(SPHERE, REGION)
    built.set_progress(1.0)
    return built


def test_both_renderings_show_the_sphere():
    origins, directions = rays_at(0.8, 400)
    rays = renderer().eval()(origins, directions, SPHERE, NormalColors())
    exact, met = SPHERE.meet(origins, directions)
    normals = SPHERE(origins + exact.nan_to_num()[:, None] * directions).gradients
    frontal = met & (-(normals * directions).sum(1) > 0.4)
    surface = rays.further_rgb["surface_rgb"]
    torch.testing.assert_close(surface[frontal, :3], 0.5 + 0.5 * normals[frontal], atol=1e-3, rtol=0)
    torch.testing.assert_close(rays.rgb[frontal], 0.5 + 0.5 * normals[frontal], atol=2e-2, rtol=0)
    torch.testing.assert_close(rays.depth[frontal, 0], exact[frontal], atol=6e-3, rtol=0)
    assert rays.accumulation[frontal].min() > 0.99
    assert (surface[frontal, 3] == 1.0).all() and surface[~met].abs().max() == 0.0


def test_training_hands_over_pairs_of_normals_within_the_neighbourhood():
    rays = renderer().train()(*rays_at(0.4, 100), SPHERE, NormalColors())
    pairs = rays.for_losses["normal_pairs"]
    assert pairs.shape[0] == 2 and pairs.shape[1] > 50 and not rays.further_rgb
    torch.testing.assert_close(pairs.norm(dim=-1), torch.ones(pairs.shape[:2]))
    angle = (pairs[0] - pairs[1]).norm(dim=1)
    assert 0.0 < angle.max() < 0.01 * 3**0.5 / 0.48


def test_it_reports_the_width_of_the_interval_and_the_sharpness():
    readouts = renderer().readouts()
    assert readouts["interval"] == pytest.approx(0.1) and readouts["inv_s"] == pytest.approx(600.0)


def test_a_sampler_that_finds_no_surface_is_refused():
    with pytest.raises(UserError, match="finds the surface"):
        UnisurfRendererConfig(sampler=NeusSamplerConfig()).setup(SPHERE, REGION)
