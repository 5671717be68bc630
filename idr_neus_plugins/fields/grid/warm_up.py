"""Runs an engine once before the training."""

from __future__ import annotations

from types import ModuleType

import torch
from torch.nn.functional import normalize

from idr_neus_plugins.fields.grid.nodes import MarkedNodes

CHANNELS = 8
"""Features of a node in the methods that exist: some compilers make a kernel for each number of them."""


@torch.enable_grad()
def warm_up(engine: ModuleType, device: torch.device | str) -> None:
    """Compiles every kernel, or loads it from the disk cache: a time budget must not pay for that step by step."""
    control = torch.nn.Parameter(torch.linspace(-1.0, 1.0, 6, device=device).repeat(6, 6, 1))
    features = torch.nn.Parameter(torch.zeros(6, 6, 6, CHANNELS, device=device))
    points = torch.full((1, 3), 2.5, device=device, requires_grad=True)
    touched = MarkedNodes(216, features.device, engine)
    states, nodes = engine.classify(control, 0.5)
    ray = (points.detach() - 5.0, normalize(torch.ones_like(points.detach()), dim=1), points.detach()[:, 0])
    engine.march(*ray, (0.0, 0.0, 0.0), 1.0, states, 0.5)
    value, gradient = engine.spline(control, points)
    loss = value.sum() + gradient.sum() + engine.interpolate(features, points, touched).sum()
    (loss + engine.smoothness(control, nodes)).backward()
    engine.take_marked(touched.marks)
    for parameter in (control, features):
        table = parameter.detach().view(216, -1)
        engine.adam(table, parameter.grad.view(216, -1), table.clone(), table.square(), nodes, 0.1, (0.9, 0.99))  # type: ignore
