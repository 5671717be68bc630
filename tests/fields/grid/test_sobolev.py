"""Smoothed updates: waves of the gradient pass as the norm says, and several steps make one update."""

import math

import pytest
import torch

from idr_neus_plugins.fields.grid import reference
from idr_neus_plugins.fields.grid.lattice_values import LatticeParameter
from idr_neus_plugins.fields.grid.nodes import ListedNodes
from idr_neus_plugins.fields.grid.sobolev import SobolevAdam

SIZE = 24


def parameter() -> LatticeParameter:
    values = LatticeParameter(torch.zeros(SIZE, SIZE, SIZE))
    inner = torch.zeros(SIZE, SIZE, SIZE, dtype=torch.bool)
    inner[2:-2, 2:-2, 2:-2] = True
    values.nodes = ListedNodes(inner.view(-1).nonzero()[:, 0].int(), reference)
    return values


def moved(period: int, smoothness: float = 1.0) -> float:
    """How far the middle of the grid moves by a gradient that is a wave along x."""
    values = parameter()
    wave = torch.cos(2.0 * math.pi * (torch.arange(SIZE) - SIZE // 2) / period)
    values.grad = wave[:, None, None].expand(SIZE, SIZE, SIZE).contiguous()
    # Constant second moments: Adam's update is the gradient itself then, and the filter shows.
    moments = torch.zeros_like(values.grad), torch.full_like(values.grad, 1.0 / 0.99)
    reference.smoothed_adam(values, values.grad, *moments, values.nodes.nodes, 1.0, (0.0, 1.0 - 1e-9), smoothness, None)
    return -float(values.detach()[SIZE // 2, SIZE // 2, SIZE // 2])


def test_coarse_passes_and_grain_does_not():
    assert moved(period=SIZE) > 0.75 * moved(period=SIZE, smoothness=0.0)
    assert abs(moved(period=2)) < 0.1 * moved(period=2, smoothness=0.0)
    assert moved(SIZE) > moved(8) > moved(4)


def test_without_smoothness_it_is_adam():
    assert moved(period=8, smoothness=0.0) == pytest.approx(0.995, abs=0.01)


def test_several_steps_make_one_update():
    values = parameter()
    optimizer = SobolevAdam([values], lr=1.0, smoothness=1.0, every=3)
    for step in range(1, 4):
        values.grad = (values.grad if values.grad is not None else 0.0) + torch.ones_like(values)
        optimizer.step()
        assert bool(values.detach().any()) == (step == 3)
    middle = (SIZE // 2,) * 3
    assert float(values.detach()[middle]) < 0.0 and float(values.grad[middle]) == 0.0
    assert float(values.detach()[0, 0, 0]) == 0.0
