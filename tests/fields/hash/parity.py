"""What every engine of the hash grid must share with the reference."""

from __future__ import annotations

from types import ModuleType

import torch

from idr_neus_plugins.fields.grid.nodes import MarkedNodes
from idr_neus_plugins.fields.hash import reference
from idr_neus_plugins.fields.hash.layout import HashLevels

LEVELS = HashLevels(levels=4, channels=2, coarsest=3, finest=20, log2_rows=8)
"""The first level is dense, the others share rows."""


def points(count: int, device: str) -> torch.Tensor:
    """In the cube, outside of it, on its corners, and half-way between nodes."""
    coords = 1.4 * torch.rand(count, 3, device=device) - 0.2
    coords[::5] = (6.0 * coords[::5]).round() / 6.0
    return coords


def check(engine: ModuleType, grid_engine: ModuleType, count: int, levels: HashLevels = LEVELS, device: str = "cpu"):
    """Features, derivatives, marked rows, and the gradients by table and coordinates of a loss on both."""
    layout = levels.layout().to(device)
    rows = int(layout[-1, 1] + layout[-1, 2])
    values, coords = torch.randn(rows, levels.channels, device=device), points(count, device)
    on_features = torch.randn(count, levels.levels * levels.channels, device=device)
    on_derivatives = torch.randn(count, 3, levels.levels * levels.channels, device=device)
    on_derivatives /= float(levels.finest)  # derivatives are that much larger
    decided = ((coords != 0.0) & (coords != 1.0)).float()  # the derivative where clamping begins is a matter of taste

    def run(encode, engine_of_marks, with_derivatives):
        table, at = torch.nn.Parameter(values.clone()), coords.clone().requires_grad_()
        marked = MarkedNodes(rows, table.device, engine_of_marks)
        features, derivatives = encode(table, at, layout, with_derivatives, marked)
        loss = (features * on_features).sum()
        loss = loss + (derivatives * on_derivatives).sum() if with_derivatives else loss
        loss.backward()
        nodes = torch.cat(marked.take()).sort().values
        found = [features.detach(), nodes, table.grad, at.grad * decided / levels.finest]
        return [*found, derivatives.detach() / levels.finest] if with_derivatives else [*found, derivatives]

    for with_derivatives in (True, False):
        ours = run(engine.encode, grid_engine, with_derivatives)
        truth = run(reference.encode, grid_engine, with_derivatives)
        for one, other in zip(ours, truth, strict=True):
            if one is None or other is None:
                assert one is other
            else:
                torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)
