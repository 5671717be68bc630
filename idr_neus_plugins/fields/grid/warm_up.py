"""Runs an engine once before the training."""

from __future__ import annotations

from functools import cache
from math import prod
from types import ModuleType

import torch
from rich.console import Console
from torch.nn.functional import normalize

from idr_neus_plugins.fields.grid.bricks import SHARED, Bricks
from idr_neus_plugins.fields.grid.nodes import MarkedNodes

CHANNELS = 8
"""Features of a node in the methods that exist: some compilers make a kernel for each number of them."""


@torch.enable_grad()
def warm_up(engine: ModuleType, device: torch.device | str, bricks: Bricks | None = None) -> None:
    """Compiles every kernel, or loads it from the disk cache: a time budget must not pay for that step by step.

    Args:
        bricks: whatever one; kernels for grids in bricks are others than those for dense grids.
    """
    shape = (6, 6, 6) if bricks is None else (bricks.rows,)
    rows = prod(shape)
    control = torch.nn.Parameter(torch.linspace(-1.0, 1.0, rows, device=device).view(shape))
    features = torch.nn.Parameter(torch.zeros(*shape, CHANNELS, device=device))
    points = torch.full((1, 3), 2.5, device=device, requires_grad=True)
    touched = MarkedNodes(rows, features.device, engine)
    states, nodes = engine.classify(control, 0.5, bricks)
    ray = (points.detach() - 5.0, normalize(torch.ones_like(points.detach()), dim=1), points.detach()[:, 0])
    engine.march(*ray, (0.0, 0.0, 0.0), 1.0, states, 0.5, bricks)
    value, gradient = engine.spline(control, points, bricks)
    loss = value.sum() + gradient.sum() + engine.interpolate(features, points, touched, bricks).sum()
    (loss + engine.smoothness(control, nodes, bricks)).backward()
    engine.take_marked(touched.marks)
    for parameter in (control, features):
        table = parameter.detach().view(rows, -1)
        engine.adam(table, parameter.grad.view(rows, -1), table.clone(), table.square(), nodes, 0.1, (0.9, 0.99))  # type: ignore
    whole = control.detach()
    engine.smoothed_adam(whole, control.grad, whole.clone(), whole.square(), nodes, 0.1, (0.9, 0.99), 1.0, bricks)


@cache
def warm_up_bricks(engine: ModuleType, device: torch.device) -> None:
    """The same for grids in bricks, of which few trainings have any: once, when the first is made."""
    with Console().status("Preparing the kernels for bricks (half a minute at the very first time) ..."):
        warm_up(engine, device, Bricks.of(torch.full((1, 1, 1), SHARED, dtype=torch.int32, device=device)))
