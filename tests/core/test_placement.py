import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from idr_neus_plugins.core.placement import inverse_cdf, jitter, merge, uniform_edges


def test_uniform_edges_cut_equal_sections():
    edges = uniform_edges(torch.tensor([1.0, 2.0]), torch.tensor([2.0, 6.0]), 4)
    torch.testing.assert_close(edges, torch.tensor([[1.0, 1.25, 1.5, 1.75, 2.0], [2.0, 3.0, 4.0, 5.0, 6.0]]))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_jitter_keeps_order_and_ends(seed):
    torch.manual_seed(seed)
    edges = torch.rand(5, 9).cumsum(1)
    moved = jitter(edges)
    assert (moved.diff(dim=1) >= 0).all()
    assert torch.equal(moved[:, [0, -1]], edges[:, [0, -1]])
    assert not torch.equal(moved, edges)


def test_inverse_cdf_follows_the_density():
    """Against the quantiles of the density written down by hand: 3/4 of the mass in the last interval."""
    edges, weights = torch.tensor([[0.0, 1.0, 3.0, 4.0]]), torch.tensor([[1.0, 0.0, 3.0]]) * 1e4
    points = inverse_cdf(edges, weights, 8)[0]
    torch.testing.assert_close(points[:2], torch.tensor([0.25, 0.75]), rtol=0, atol=1e-3)
    torch.testing.assert_close(points[2:], 3.0 + (torch.arange(6) + 0.5) / 6, rtol=0, atol=1e-3)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), empty=st.booleans())
def test_inverse_cdf_stays_inside_and_ascends(seed, empty):
    torch.manual_seed(seed)
    edges = torch.rand(4, 7).cumsum(1)
    weights = torch.zeros(4, 6) if empty else torch.rand(4, 6) ** 8
    points = inverse_cdf(edges, weights, 16)
    assert (points >= edges[:, :1]).all() and (points <= edges[:, -1:]).all()
    assert (points.diff(dim=1) >= -1e-6).all()


def test_merge_sorts_and_carries_companions():
    distances, values = merge(
        torch.tensor([[1.0, 3.0]]), torch.tensor([[2.0]]), torch.tensor([[10.0, 30.0]]), torch.tensor([[20.0]])
    )
    assert distances.tolist() == [[1.0, 2.0, 3.0]] and values.tolist() == [[10.0, 20.0, 30.0]]
