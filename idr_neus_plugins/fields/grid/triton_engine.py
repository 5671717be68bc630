"""The grid's operations through the Triton kernels: CUDA, float32, the interface of ``reference.py``.

A backward pass adds into ``parameter.grad`` directly; see ``memory.grid_grad``.
The host never waits for the GPU but to learn how long a result is: in ``march``, ``classify`` and ``take_marked``.
"""

from __future__ import annotations

from typing import Any

import torch
import triton  # pyright: ignore[reportMissingImports]
from jaxtyping import Float, Int, UInt8
from torch import Tensor
from torch.autograd.function import once_differentiable

from idr_neus_plugins.fields.grid import reference
from idr_neus_plugins.fields.grid import triton_kernels as kernels
from idr_neus_plugins.fields.grid.bricks import Bricks
from idr_neus_plugins.fields.grid.memory import grid_grad
from idr_neus_plugins.fields.grid.nodes import MarkedNodes
from idr_neus_plugins.fields.grid.reference import shape_of
from idr_neus_plugins.fields.grid.states import BAND, INSIDE, OUTSIDE

name = "triton"

SPLINE_POINTS, CELL_POINTS, NUMBERS, NODES = 32, 64, 512, 64
"""Items of a program: points with 27 nodes each, points with their channels, single numbers, nodes of a whole grid."""
MARCH_STEPS = 128
"""Steps along a ray that are done at once."""


def spline(
    control: Float[Tensor, "*nodes"], coords: Float[Tensor, "points 3"], bricks: Bricks | None = None
) -> tuple[Float[Tensor, " points"], Float[Tensor, "points 3"]]:
    """See ``reference.spline``."""
    return _Spline.apply(control, coords, bricks)


def interpolate(
    features: Float[Tensor, "*nodes channels"],
    coords: Float[Tensor, "points 3"],
    touched: MarkedNodes | None = None,
    bricks: Bricks | None = None,
) -> Float[Tensor, "points channels"]:
    """See ``reference.interpolate``."""
    return _Interpolate.apply(features, coords, touched, bricks)


def smoothness(
    control: Float[Tensor, "*nodes"], nodes: Int[Tensor, " nodes"], bricks: Bricks | None = None
) -> Float[Tensor, ""]:
    """See ``reference.smoothness``; zero where no node is listed."""
    return 0.5 * _Laplacian.apply(control, nodes, bricks).square().sum() / max(len(nodes), 1)


def classify(
    control: Float[Tensor, "*nodes"], half_width: float, bricks: Bricks | None = None
) -> tuple[UInt8[Tensor, "*nodes"], Int[Tensor, " active"]]:
    """See ``reference.classify``."""
    control = plain(control)
    states = torch.full_like(control, BAND, dtype=torch.uint8)
    states.masked_fill_(control > half_width, OUTSIDE).masked_fill_(control < -half_width, INSIDE)
    active = torch.zeros_like(states)
    first, lowest = _tables(bricks)
    tensors = (control, states, active)
    _launch(kernels.widen, control.numel(), NODES, *tensors, half_width, first, lowest, *shape_of(control, bricks))
    return states, active.view(-1).nonzero()[:, 0].int()  # waits: the nodes' number is the size


def march(
    origins: Float[Tensor, "rays 3"],
    directions: Float[Tensor, "rays 3"],
    jitter: Float[Tensor, " rays"],
    lower: tuple[float, float, float],
    voxel: float,
    states: UInt8[Tensor, "*nodes"],
    step: float,
    bricks: Bricks | None = None,
) -> tuple[Float[Tensor, " intervals"], Int[Tensor, " rays"]]:
    """See ``reference.march``. Walks every ray twice: to count its intervals, and to write them down."""
    rays = [plain(tensor) for tensor in (origins, directions, jitter, states)]
    counts = torch.zeros(len(origins), dtype=torch.int64, device=origins.device)

    def walk(starts: Tensor | None, distances: Tensor | None) -> None:
        box = (*lower, voxel, step, _tables(bricks)[0], *shape_of(states, bricks))
        run(kernels.march, len(origins), *rays, starts, distances, counts, *box, STEPS=MARCH_STEPS)

    walk(None, None)
    ends = counts.cumsum(0)
    distances = origins.new_empty(int(ends[-1]) if len(ends) else 0)  # waits: the intervals' number is the size
    walk(ends - counts, distances)
    return distances, counts


def take_marked(marks: UInt8[Tensor, "words 8"]) -> list[Int[Tensor, " _nodes"]]:
    """See ``reference.take_marked``, which cannot be bettered here. Waits: the nodes' number is the size."""
    return reference.take_marked(marks)


def adam(
    values: Float[Tensor, "rows channels"],
    grad: Float[Tensor, "rows channels"],
    exp_avg: Float[Tensor, "rows channels"],
    exp_avg_sq: Float[Tensor, "rows channels"],
    nodes: Int[Tensor, " nodes"],
    rate: float,
    betas: tuple[float, ...],
) -> None:
    """See ``reference.adam``."""
    channels = values.shape[1]
    tensors = (values.detach(), grad, exp_avg, exp_avg_sq, nodes)
    _launch(kernels.adam, len(nodes) * channels, NUMBERS, *tensors, rate, betas[0], betas[1], CHANNELS=channels)


class _Spline(torch.autograd.Function):
    @staticmethod
    def forward(ctx, control: Tensor, coords: Tensor, bricks: Bricks | None):  # type: ignore[override]
        ctx.control, ctx.coords = control, plain(coords)
        ctx.addresses = (_tables(bricks)[0], *shape_of(control, bricks))
        value, gradient = coords.new_empty(len(coords)), coords.new_empty(len(coords), 3)
        tensors = (ctx.coords, plain(control), value, gradient)
        _launch(kernels.spline_forward, len(coords), SPLINE_POINTS, *tensors, *ctx.addresses)
        return value, gradient

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_value: Tensor, grad_gradient: Tensor):  # type: ignore[override]
        given, by_coords = (ctx.coords, plain(grad_value), plain(grad_gradient)), None
        count = len(ctx.coords)
        if ctx.needs_input_grad[0]:
            _launch(kernels.spline_backward, count, SPLINE_POINTS, *given, grid_grad(ctx.control), *ctx.addresses)
        if ctx.needs_input_grad[1]:
            by_coords = torch.empty_like(ctx.coords)
            tensors = (*given, plain(ctx.control), by_coords)
            _launch(kernels.spline_backward_coords, count, SPLINE_POINTS, *tensors, *ctx.addresses)
        return None, by_coords, None


class _Interpolate(torch.autograd.Function):
    @staticmethod
    def forward(  # type: ignore[override]
        ctx, features: Tensor, coords: Tensor, touched: MarkedNodes | None, bricks: Bricks | None
    ):
        ctx.features, ctx.coords, ctx.touched = features, plain(coords), touched
        ctx.addresses = (_tables(bricks)[0], *shape_of(features, bricks))
        out = coords.new_empty(len(coords), features.shape[-1])
        _launch_cells(kernels.trilinear_forward, ctx.coords, plain(features), out, *ctx.addresses)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_out: Tensor):  # type: ignore[override]
        given, by_coords = (ctx.coords, plain(grad_out)), None
        if ctx.needs_input_grad[0]:
            marks = None if ctx.touched is None else ctx.touched.flat
            _launch_cells(kernels.trilinear_backward, *given, grid_grad(ctx.features), marks, *ctx.addresses)
        if ctx.needs_input_grad[1]:
            by_coords = torch.empty_like(ctx.coords)
            tensors = (*given, plain(ctx.features), by_coords)
            _launch_cells(kernels.trilinear_backward_coords, *tensors, *ctx.addresses)
        return None, by_coords, None, None


class _Laplacian(torch.autograd.Function):
    @staticmethod
    def forward(ctx, control: Tensor, nodes: Tensor, bricks: Bricks | None):  # type: ignore[override]
        ctx.control, ctx.nodes = control, nodes
        ctx.addresses = (*_tables(bricks), *shape_of(control, bricks)[1:])
        out = control.new_empty(len(nodes))
        _launch(kernels.laplacian, len(nodes), NUMBERS, plain(control), nodes, out, *ctx.addresses)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):  # type: ignore[override]
        tensors = (grid_grad(ctx.control), ctx.nodes, plain(grad))
        _launch(kernels.laplacian_backward, len(ctx.nodes), NUMBERS, *tensors, *ctx.addresses)
        return None, None, None


def _tables(bricks: Bricks | None) -> tuple[Tensor | None, Tensor | None]:
    return (None, None) if bricks is None else (bricks.first, bricks.lowest)


def plain(tensor: Tensor) -> Tensor:
    """Its numbers as the kernels expect them: one after the other."""
    return tensor.detach().contiguous()


def _launch_cells(kernel: Any, coords: Tensor, *arguments: Any) -> None:
    """Runs a trilinear kernel; the tensor after the coordinates has a row of channels for each node or point."""
    channels = arguments[0].shape[-1]
    widths = {"CHANNELS": channels, "WIDTH": triton.next_power_of_2(channels)}
    _launch(kernel, len(coords), CELL_POINTS, coords, *arguments, **widths)


def _launch(kernel: Any, count: int, block: int, *arguments: Any, **constants: int) -> None:
    """Runs a kernel over ``count`` items, ``block`` of them in a program."""
    run(kernel, triton.cdiv(count, block), *arguments, count, BLOCK=block, **constants)


def run(kernel: Any, programs: int, *arguments: Any, **constants: int) -> None:
    if programs:
        with torch.cuda.device_of(arguments[0]):  # Triton would take the current device, not that of the tensors
            kernel[(programs,)](*arguments, **constants)
