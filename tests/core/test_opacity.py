import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from idr_neus_plugins.core.opacity import anneal_cos, density_alpha, laplace_density, neus_alpha, occupancy

finite = st.floats(-2.0, 2.0, width=32)


@settings(deadline=None)
@given(sdf=finite, cos=st.floats(-1.0, 1.0, width=32), delta=st.floats(0.0, 1.0, width=32), inv_s=st.floats(1.0, 1e5))
def test_alpha_is_an_opacity_and_zero_where_the_sdf_does_not_fall(sdf, cos, delta, inv_s):
    alpha = neus_alpha(torch.tensor([sdf]), torch.tensor([cos]), torch.tensor([delta]), inv_s)
    assert 0.0 <= float(alpha) <= 1.0
    if cos >= 0.0 and sdf >= 0.0:
        assert float(alpha) <= 3e-5


def test_alpha_against_the_paper_written_out_in_double():
    sdf, cos, delta, inv_s = 0.01, -0.8, 0.05, 60.0
    phi = lambda value: 1.0 / (1.0 + torch.exp(torch.tensor(-inv_s * value, dtype=torch.float64)))  # noqa: E731
    before, after = phi(sdf - 0.5 * cos * delta), phi(sdf + 0.5 * cos * delta)
    expected = (before - after + 1e-5) / (before + 1e-5)
    alpha = neus_alpha(torch.tensor([sdf]), torch.tensor([cos]), torch.tensor([delta]), inv_s)
    torch.testing.assert_close(alpha.double()[0], expected, rtol=1e-5, atol=1e-6)


def test_sections_of_a_plane_compose_to_the_drop_of_phi():
    """Cutting a linear descent into pieces changes nothing: prod(1 - alpha) is Phi(last) / Phi(first)."""
    edges = torch.linspace(-0.3, 0.3, 31, dtype=torch.float64)
    deltas, sdf, inv_s = edges.diff(), -0.5 * (edges[1:] + edges[:-1]), 8.0
    passed = (1.0 - neus_alpha(sdf, torch.full_like(sdf, -1.0), deltas, inv_s)).prod()
    expected = torch.sigmoid(-edges[-1] * inv_s) / torch.sigmoid(-edges[0] * inv_s)
    torch.testing.assert_close(passed, expected, rtol=1e-3, atol=0.0)


@settings(max_examples=30, deadline=None)
@given(cos=st.floats(-1.0, 1.0), anneal=st.floats(0.0, 1.0))
def test_annealed_slope_never_rises_and_ends_at_the_true_one(cos, anneal):
    slope = torch.tensor([cos], dtype=torch.float64)
    assert float(anneal_cos(slope, anneal)) <= 0.0
    torch.testing.assert_close(anneal_cos(slope, 1.0), slope.clamp(max=0.0))
    torch.testing.assert_close(anneal_cos(slope, 0.0), 0.5 * slope - 0.5)


def test_laplace_density_on_the_surface_deep_inside_and_far_outside():
    sdf = torch.tensor([0.0, -10.0, 0.3, -0.3, 10.0], dtype=torch.float64)
    half = 0.5 * math.exp(-3.0)
    expected = torch.tensor([5.0, 10.0, 10.0 * half, 10.0 * (1.0 - half), 0.0], dtype=torch.float64)
    torch.testing.assert_close(laplace_density(sdf, 0.1), expected)


def test_light_through_a_density_falls_exponentially_however_it_is_cut():
    density = torch.full((7,), 3.0, dtype=torch.float64)
    deltas = torch.tensor([0.1, 0.05, 0.2, 0.15, 0.0, 0.3, 0.2], dtype=torch.float64)
    passed = (1.0 - density_alpha(density, deltas)).prod()
    assert math.isclose(float(passed), math.exp(-3.0))


@settings(deadline=None)
@given(sdf=finite, inv_s=st.floats(1.0, 1e4))
def test_occupancy_is_one_half_on_the_surface_and_its_two_sides_add_up_to_one(sdf, inv_s):
    value = torch.tensor([sdf], dtype=torch.float64)
    both = occupancy(value, inv_s) + occupancy(-value, inv_s)
    torch.testing.assert_close(both, torch.ones(1, dtype=torch.float64))
    assert float(occupancy(torch.zeros(1), inv_s)) == 0.5


def test_occupancy_becomes_the_solid_itself():
    """Towards infinite sharpness a ray's only weight is the first sample in the solid (UNISURF section 3.2)."""
    sdf = torch.linspace(0.5, -0.5, 12, dtype=torch.float64)
    alpha = occupancy(sdf, 1e6)
    weights = alpha * torch.cat([torch.ones(1), (1.0 - alpha).cumprod(0)[:-1]])
    expected = torch.zeros(12, dtype=torch.float64)
    expected[int((sdf < 0).nonzero()[0])] = 1.0
    torch.testing.assert_close(weights, expected)


def test_densities_and_occupancy_have_the_right_derivatives():
    sdf = torch.tensor([-0.4, -0.03, 0.02, 0.5], dtype=torch.float64, requires_grad=True)
    scale = torch.tensor(0.13, dtype=torch.float64, requires_grad=True)
    deltas = torch.full_like(sdf, 0.07)
    assert torch.autograd.gradcheck(lambda f, s: density_alpha(laplace_density(f, s), deltas), (sdf, scale))
    assert torch.autograd.gradcheck(occupancy, (sdf, scale))
