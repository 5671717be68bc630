"""The hash grid's encoding through the Numba kernels: CPU, float32, the interface of ``reference.py``.

A backward pass adds into ``table.grad`` directly; see ``grid.memory.grid_grad``.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable

from idr_neus_plugins.core.numba_setup import as_array
from idr_neus_plugins.fields.grid.memory import grid_grad
from idr_neus_plugins.fields.grid.nodes import MarkedNodes
from idr_neus_plugins.fields.hash import numba_kernels as kernels


def encode(
    table: Float[Tensor, "rows channels"],
    coords: Float[Tensor, "points 3"],
    layout: Int[Tensor, "levels 4"],
    with_derivatives: bool = True,
    touched: MarkedNodes | None = None,
) -> tuple[Float[Tensor, "points encoded"], Float[Tensor, "points 3 encoded"] | None]:
    """See ``reference.encode``."""
    features, derivatives = _Encode.apply(table, coords, layout, with_derivatives, touched)
    return features, derivatives if with_derivatives else None


class _Encode(torch.autograd.Function):
    @staticmethod
    def forward(ctx, table: Tensor, coords: Tensor, layout: Tensor, with_derivatives: bool, touched):  # type: ignore[override]
        ctx.table, ctx.coords, ctx.layout, ctx.touched = table, as_array(coords), as_array(layout), touched
        count, width = len(coords), len(layout) * table.shape[1]
        features = np.empty((count, width), np.float32)
        derivatives = np.empty((count if with_derivatives else 0, 3, width), np.float32)
        kernels.encode_forward(as_array(table), ctx.coords, ctx.layout, features, derivatives)
        return torch.from_numpy(features), torch.from_numpy(derivatives)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_features: Tensor, grad_derivatives: Tensor):  # type: ignore[override]
        given, by_coords = (ctx.coords, ctx.layout, as_array(grad_features), as_array(grad_derivatives)), None
        if ctx.needs_input_grad[0]:
            rows = len(ctx.table)
            marks = torch.empty(rows, dtype=torch.uint8) if ctx.touched is None else ctx.touched.flat
            kernels.encode_backward(grid_grad(ctx.table).numpy(), marks.numpy(), *given)
        if ctx.needs_input_grad[1]:
            by_coords = np.empty_like(ctx.coords)
            kernels.encode_backward_coords(as_array(ctx.table), *given, by_coords)
        return None, None if by_coords is None else torch.from_numpy(by_coords), None, None, None
