"""The plain encoding against exact answers, a naive loop, and automatic differentiation."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.fields.hash.layout import PRIMES, HashLevels
from idr_neus_plugins.fields.hash.reference import encode
from tests.fields.hash.parity import LEVELS

LAYOUT = LEVELS.layout()


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def table() -> torch.Tensor:
    return torch.randn(int(LAYOUT[-1, 1] + LAYOUT[-1, 2]), LEVELS.channels, dtype=torch.float64)


def coords(count: int = 20) -> torch.Tensor:
    return torch.rand(count, 3, dtype=torch.float64)


def naive(values: torch.Tensor, point: list[float]) -> list[float]:
    """One point, corner by corner."""
    found = []
    for cells, first, rows, _ in LAYOUT.tolist():
        scaled = [cells * x for x in point]
        node = [min(int(u), cells - 1) for u in scaled]
        total = torch.zeros(LEVELS.channels, dtype=torch.float64)
        for corner in range(8):
            shift = [corner >> 2 & 1, corner >> 1 & 1, corner & 1]
            at = [n + s for n, s in zip(node, shift, strict=True)]
            if (cells + 1) ** 3 <= rows:
                row = (at[0] * (cells + 1) + at[1]) * (cells + 1) + at[2]
            else:
                row = (at[0] * PRIMES[0] ^ at[1] * PRIMES[1] ^ at[2] * PRIMES[2]) % rows
            weight = 1.0
            for u, n, s in zip(scaled, node, shift, strict=True):
                weight *= (u - n) if s else 1.0 - (u - n)
            total += weight * values[first + row]
        found += total.tolist()
    return found


def test_layout():
    assert LAYOUT.tolist() == [[3, 0, 64, 0], [5, 64, 216, 0], [10, 280, 256, 1], [20, 536, 256, 1]]
    assert HashLevels().layout()[[0, -1], 0].tolist() == [16, 1024]


@pytest.mark.parametrize("wrong", [{"levels": 0}, {"coarsest": 8, "finest": 4}, {"log2_rows": 30}])
def test_sizes_that_make_no_sense_are_refused(wrong):
    with pytest.raises(UserError, match="A hash grid needs"):
        HashLevels(**wrong).layout()


def test_features_are_those_of_a_loop_over_corners():
    values, at = table(), coords()
    features, _ = encode(values, at, LAYOUT, with_derivatives=False)
    torch.testing.assert_close(features, torch.tensor([naive(values, p) for p in at.tolist()], dtype=torch.float64))


def test_a_linear_function_on_a_dense_level_is_met_exactly():
    levels = HashLevels(levels=1, channels=1, coarsest=5, finest=5, log2_rows=10)
    nodes = torch.stack(torch.meshgrid(*[torch.arange(6.0)] * 3, indexing="ij"), dim=-1).reshape(-1, 3).double() / 5.0
    slope, at = torch.tensor([2.0, -3.0, 0.5], dtype=torch.float64), coords()
    features, derivatives = encode((nodes @ slope)[:, None], at, levels.layout())
    torch.testing.assert_close(features[:, 0], at @ slope)
    torch.testing.assert_close(derivatives[:, :, 0], slope.expand(20, 3))


def test_derivatives_are_those_of_the_features():
    values, at = table(), coords().requires_grad_()
    features, derivatives = encode(values, at, LAYOUT)
    for channel in range(features.shape[1]):
        (slope,) = torch.autograd.grad(features[:, channel].sum(), at, retain_graph=True)
        torch.testing.assert_close(derivatives[:, :, channel], slope)


def test_one_ordinary_backward_equals_double_backward():
    values, at = table().requires_grad_(), coords().requires_grad_()
    features, derivatives = encode(values, at, LAYOUT)
    on_features = torch.randn_like(features)
    closed = (derivatives * on_features[:, None]).sum(dim=2)
    (by_autograd,) = torch.autograd.grad((features * on_features).sum(), at, create_graph=True)
    torch.testing.assert_close(closed, by_autograd)
    for wanted in (values, at):  # by the table, and (mixed second derivatives) by the coordinates
        ours, double = (torch.autograd.grad(g.square().sum(), wanted, retain_graph=True) for g in (closed, by_autograd))
        torch.testing.assert_close(ours, double)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(a=st.floats(-3.0, 3.0), b=st.floats(-3.0, 3.0))
def test_features_and_derivatives_are_linear_in_the_table(a, b):
    first, second, at = table(), table(), coords()
    both, one, other = (encode(values, at, LAYOUT) for values in (a * first + b * second, first, second))
    for index in (0, 1):
        torch.testing.assert_close(both[index], a * one[index] + b * other[index])


def test_beyond_the_cube_it_is_the_nearest_point():
    values, at = table(), 3.0 * coords() - 1.0
    for one, other in zip(encode(values, at, LAYOUT), encode(values, at.clamp(0.0, 1.0), LAYOUT), strict=True):
        torch.testing.assert_close(one, other)
