import pytest
import torch

from idr_neus_plugins.core.opacity import density_alpha, laplace_density
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.fields.sharpness import LearnedScaleConfig
from idr_neus_plugins.laws.neus import NeusLawConfig
from idr_neus_plugins.laws.volsdf import VolsdfLaw, VolsdfLawConfig
from idr_neus_plugins.renderers.volume import render_volume
from idr_neus_plugins.samplers.volsdf import VolsdfSamplerConfig
from tests.analytic import NormalColors, Sphere, rays_at

REGION = torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]])
SPHERE = Sphere(0.5)


def law(beta: float) -> VolsdfLaw:
    return VolsdfLawConfig(sharpness=LearnedScaleConfig(start=beta)).setup(SPHERE)


@pytest.mark.parametrize("beta", [0.1, 0.02, 0.003])
def test_opacity_over_its_sections_is_as_accurate_as_promised(beta):
    """Against 20,000 even intervals; grazing rays and rays that miss included."""
    opacity_law, (origins, directions) = law(beta), rays_at(0.7, 60)
    with torch.no_grad():
        intervals = VolsdfSamplerConfig().setup(REGION, opacity_law).eval()(origins, directions, SPHERE)
        rays = render_volume(origins, directions, intervals, SPHERE, NormalColors(), opacity_law)
        steps = torch.linspace(1.5, 4.5, 20_001)
        points = origins[:, None] + (0.5 * (steps[1:] + steps[:-1]))[:, None] * directions[:, None]
        density = laplace_density(SPHERE.sdf(points.view(-1, 3)).view(60, -1), float(opacity_law.beta))
        exact = -torch.expm1(-(density * steps.diff()).sum(dim=1))
    within_sphere = torch.linalg.cross(origins, directions).norm(dim=1) < 0.95
    assert (rays.accumulation[:, 0] - exact)[within_sphere].abs().max() < 0.1


def test_samples_gather_where_opacity_rises():
    origins, directions = rays_at(0.2, 50)
    sampler = VolsdfSamplerConfig().setup(REGION, law(0.01)).eval()
    intervals = sampler(origins, directions, SPHERE)
    exact, met = SPHERE.meet(origins, directions)
    assert met.all() and set(intervals.offsets.diff().tolist()) == {64 + 33 - 1}
    near_surface = (intervals.midpoints - exact[intervals.ray_indices]).abs() < 0.05
    assert near_surface.float().mean() > 0.4
    assert (intervals.deltas >= 0).all() and intervals.positions(origins, directions).norm(dim=1).max() < 1.0 + 1e-5


def test_it_serves_its_own_law_only():
    with pytest.raises(UserError, match="VolsdfLawConfig"):
        VolsdfSamplerConfig().setup(REGION, NeusLawConfig().setup(SPHERE))


def test_the_laws_parameters_are_saved_once():
    assert not VolsdfSamplerConfig().setup(REGION, law(0.1)).state_dict()


def test_laplace_alpha_of_the_law_follows_its_beta():
    opacity_law = law(0.05)
    points, deltas = torch.tensor([[0.0, 0.0, 0.5], [0.0, 0.0, 0.52]]), torch.tensor([0.01, 0.02])
    alpha = opacity_law(SPHERE(points), torch.zeros(2, 3), deltas)
    expected = density_alpha(laplace_density(torch.tensor([0.0, 0.02]), 0.05 + 1e-4), deltas)
    torch.testing.assert_close(alpha, expected)
    assert opacity_law.readouts()["beta"] == pytest.approx(0.0501)
    assert list(opacity_law.param_groups()) == ["sharpness"]
