import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from idr_neus_plugins.core.opacity import anneal_cos, neus_alpha

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
