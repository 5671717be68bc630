"""The hash grid's encoding through the Triton kernels: CUDA, float32, the interface of ``reference.py``.

A backward pass adds into ``table.grad`` directly; see ``grid.memory.grid_grad``. The host never waits for the GPU.
"""

from __future__ import annotations

from typing import Any

import torch
import triton  # pyright: ignore[reportMissingImports]
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable

from idr_neus_plugins.fields.grid.memory import grid_grad
from idr_neus_plugins.fields.grid.nodes import MarkedNodes
from idr_neus_plugins.fields.grid.triton_engine import plain, run
from idr_neus_plugins.fields.hash import triton_kernels as kernels

POINTS = 128
"""Of a program."""


def encode(
    table: Float[Tensor, "rows channels"],
    coords: Float[Tensor, "points 3"],
    layout: Int[Tensor, "levels 4"],
    with_derivatives: bool = True,
    touched: MarkedNodes | None = None,
) -> tuple[Float[Tensor, "points encoded"], Float[Tensor, "points 3 encoded"] | None]:
    """See ``reference.encode``."""
    return _Encode.apply(table, coords, layout, with_derivatives, touched)


class _Encode(torch.autograd.Function):
    @staticmethod
    def forward(ctx, table: Tensor, coords: Tensor, layout: Tensor, with_derivatives: bool, touched):  # type: ignore[override]
        ctx.table, ctx.coords, ctx.layout, ctx.touched = table, plain(coords), plain(layout), touched
        count, width = len(coords), len(layout) * table.shape[1]
        features = coords.new_empty(count, width)
        derivatives = coords.new_empty(count, 3, width) if with_derivatives else None
        _launch(kernels.encode_forward, ctx, ctx.coords, plain(table), ctx.layout, features, derivatives)
        return features, derivatives

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_features: Tensor, grad_derivatives: Tensor | None):  # type: ignore[override]
        by_derivatives = None if grad_derivatives is None else plain(grad_derivatives)
        given, by_coords = (ctx.coords, ctx.layout, plain(grad_features), by_derivatives), None
        if ctx.needs_input_grad[0]:
            marks = None if ctx.touched is None else ctx.touched.flat
            _launch(kernels.encode_backward, ctx, *given, grid_grad(ctx.table), marks)
        if ctx.needs_input_grad[1]:
            by_coords = torch.zeros_like(ctx.coords)
            _launch(kernels.encode_backward_coords, ctx, *given, plain(ctx.table), by_coords)
            by_coords *= (ctx.coords >= 0.0) & (ctx.coords <= 1.0)  # moving what is clamped changes nothing
        return None, by_coords, None, None, None


def _launch(kernel: Any, ctx: Any, *tensors: Tensor | None) -> None:
    count, levels, channels = len(ctx.coords), len(ctx.layout), ctx.table.shape[1]
    widths = {"CHANNELS": channels, "WIDTH": triton.next_power_of_2(channels), "BLOCK": POINTS}
    run(kernel, levels * triton.cdiv(count, POINTS), *tensors, levels, count, **widths)
