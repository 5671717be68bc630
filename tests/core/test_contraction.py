import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from idr_neus_plugins.core.contraction import contract, expand


def directions(count: int = 200) -> torch.Tensor:
    torch.manual_seed(0)
    return torch.nn.functional.normalize(torch.randn(count, 3, dtype=torch.float64), dim=1)


def test_the_inner_cube_stays_and_infinity_is_the_border():
    inner = 2.0 * torch.rand(100, 3, dtype=torch.float64) - 1.0
    assert torch.equal(contract(inner), inner)
    assert torch.allclose(contract(1e9 * directions()).abs().amax(dim=1), torch.tensor(2.0, dtype=torch.float64))


def test_the_figures_of_the_paper():
    points = torch.tensor([[4.0, 2.0, -1.0], [0.5, -10.0, 5.0]], dtype=torch.float64)
    expected = torch.tensor([[1.75, 0.5, -0.25], [0.05, -1.9, 0.5]], dtype=torch.float64)
    torch.testing.assert_close(contract(points), expected)


@settings(deadline=None)
@given(st.lists(st.floats(-50.0, 50.0), min_size=3, max_size=3))
def test_expand_is_its_inverse(point):
    position = torch.tensor([point], dtype=torch.float64)
    assert contract(position).abs().max() < 2.0
    torch.testing.assert_close(expand(contract(position)), position, rtol=1e-9, atol=1e-9)


def test_it_is_continuous_where_the_pieces_meet():
    for seam in (directions() / directions().abs().amax(dim=1, keepdim=True), torch.tensor([[3.0, 3.0, 1.0]]).double()):
        torch.testing.assert_close(contract(seam * (1 + 1e-9)), contract(seam * (1 - 1e-9)), atol=1e-7, rtol=0)
