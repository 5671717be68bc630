"""The grid's operations through the Triton kernels: CUDA, float32, the interface of ``reference.py``.

A backward pass adds into ``parameter.grad`` directly; see ``memory.grid_grad``.
The host never waits for the GPU but to learn how long a result is: in ``march``, ``classify`` and ``take_marked``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import triton  # pyright: ignore[reportMissingImports]
from jaxtyping import Float, Int, UInt8
from torch import Tensor
from torch.autograd.function import once_differentiable

from idr_neus_plugins.fields.grid import reference
from idr_neus_plugins.fields.grid import triton_kernels as kernels
from idr_neus_plugins.fields.grid.memory import grid_grad
from idr_neus_plugins.fields.grid.nodes import MarkedNodes
from idr_neus_plugins.fields.grid.states import BAND, INSIDE, OUTSIDE

name = "triton"

SPLINE_POINTS, CELL_POINTS, NUMBERS, NODES = 32, 64, 512, 64
"""Items of a program: points with 27 nodes each, points with their channels, single numbers, nodes of a whole grid."""
MARCH_STEPS = 128
"""Steps along a ray that are done at once."""


def spline(
    control: Float[Tensor, "x y z"], coords: Float[Tensor, "points 3"]
) -> tuple[Float[Tensor, " points"], Float[Tensor, "points 3"]]:
    """See ``reference.spline``."""
    return _Spline.apply(control, coords)


def interpolate(
    features: Float[Tensor, "x y z channels"], coords: Float[Tensor, "points 3"], touched: MarkedNodes | None = None
) -> Float[Tensor, "points channels"]:
    """See ``reference.interpolate``."""
    return _Interpolate.apply(features, coords, touched)


def smoothness(control: Float[Tensor, "x y z"], nodes: Int[Tensor, " nodes"]) -> Float[Tensor, ""]:
    """See ``reference.smoothness``; zero where no node is listed."""
    return 0.5 * _Laplacian.apply(control, nodes).square().sum() / max(len(nodes), 1)


def classify(
    control: Float[Tensor, "x y z"], half_width: float
) -> tuple[UInt8[Tensor, "x y z"], Int[Tensor, " active"]]:
    """See ``reference.classify``."""
    control = plain(control)
    states = torch.full_like(control, BAND, dtype=torch.uint8)
    states.masked_fill_(control > half_width, OUTSIDE).masked_fill_(control < -half_width, INSIDE)
    active = torch.zeros_like(states)
    _launch(kernels.widen, control.numel(), NODES, control, states, active, half_width, *control.shape)
    return states, active.view(-1).nonzero()[:, 0].int()  # waits: the nodes' number is the size


def march(
    origins: Float[Tensor, "rays 3"],
    directions: Float[Tensor, "rays 3"],
    jitter: Float[Tensor, " rays"],
    lower: tuple[float, float, float],
    voxel: float,
    states: UInt8[Tensor, "x y z"],
    step: float,
) -> tuple[Float[Tensor, " sections"], Int[Tensor, " rays"]]:
    """See ``reference.march``. Walks every ray twice: to count its sections, and to write them down."""
    rays = [plain(tensor) for tensor in (origins, directions, jitter, states)]
    counts = torch.zeros(len(origins), dtype=torch.int64, device=origins.device)

    def walk(starts: Tensor | None, distances: Tensor | None) -> None:
        box = (*lower, voxel, step, *states.shape)
        run(kernels.march, len(origins), *rays, starts, distances, counts, *box, STEPS=MARCH_STEPS)

    walk(None, None)
    ends = counts.cumsum(0)
    distances = origins.new_empty(int(ends[-1]) if len(ends) else 0)  # waits: the sections' number is the size
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
    def forward(ctx, control: Tensor, coords: Tensor):  # type: ignore[override]
        ctx.control, ctx.coords = control, plain(coords)
        value, gradient = coords.new_empty(len(coords)), coords.new_empty(len(coords), 3)
        tensors = (ctx.coords, plain(control), value, gradient)
        _launch(kernels.spline_forward, len(coords), SPLINE_POINTS, *tensors, *control.shape)
        return value, gradient

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_value: Tensor, grad_gradient: Tensor):  # type: ignore[override]
        given, by_coords = (ctx.coords, plain(grad_value), plain(grad_gradient)), None
        count, shape = len(ctx.coords), ctx.control.shape
        if ctx.needs_input_grad[0]:
            _launch(kernels.spline_backward, count, SPLINE_POINTS, *given, grid_grad(ctx.control), *shape)
        if ctx.needs_input_grad[1]:
            by_coords = torch.empty_like(ctx.coords)
            tensors = (*given, plain(ctx.control), by_coords)
            _launch(kernels.spline_backward_coords, count, SPLINE_POINTS, *tensors, *shape)
        return None, by_coords


class _Interpolate(torch.autograd.Function):
    @staticmethod
    def forward(ctx, features: Tensor, coords: Tensor, touched: MarkedNodes | None):  # type: ignore[override]
        ctx.features, ctx.coords, ctx.touched = features, plain(coords), touched
        out = coords.new_empty(len(coords), features.shape[3])
        _launch_cells(kernels.trilinear_forward, features.shape, ctx.coords, plain(features), out)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_out: Tensor):  # type: ignore[override]
        given, by_coords, shape = (ctx.coords, plain(grad_out)), None, ctx.features.shape
        if ctx.needs_input_grad[0]:
            marks = None if ctx.touched is None else ctx.touched.flat
            _launch_cells(kernels.trilinear_backward, shape, *given, grid_grad(ctx.features), marks)
        if ctx.needs_input_grad[1]:
            by_coords = torch.empty_like(ctx.coords)
            _launch_cells(kernels.trilinear_backward_coords, shape, *given, plain(ctx.features), by_coords)
        return None, by_coords, None


class _Laplacian(torch.autograd.Function):
    @staticmethod
    def forward(ctx, control: Tensor, nodes: Tensor):  # type: ignore[override]
        ctx.control, ctx.nodes = control, nodes
        out = control.new_empty(len(nodes))
        _launch(kernels.laplacian, len(nodes), NUMBERS, plain(control), nodes, out, *_strides(control))
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):  # type: ignore[override]
        tensors = (grid_grad(ctx.control), ctx.nodes, plain(grad))
        _launch(kernels.laplacian_backward, len(ctx.nodes), NUMBERS, *tensors, *_strides(ctx.control))
        return None, None


def plain(tensor: Tensor) -> Tensor:
    """Its numbers as the kernels expect them: one after the other."""
    return tensor.detach().contiguous()


def _strides(control: Tensor) -> tuple[int, int]:
    """From a node to the next along y, and along x."""
    return control.shape[2], control.shape[1] * control.shape[2]


def _launch_cells(kernel: Any, shape: Sequence[int], coords: Tensor, *tensors: Tensor | None) -> None:
    """Runs a trilinear kernel for features of the shape [x, y, z, channels]."""
    widths = {"CHANNELS": shape[3], "WIDTH": triton.next_power_of_2(shape[3])}
    _launch(kernel, len(coords), CELL_POINTS, coords, *tensors, *shape[:3], **widths)


def _launch(kernel: Any, count: int, block: int, *arguments: Any, **constants: int) -> None:
    """Runs a kernel over ``count`` items, ``block`` of them in a program."""
    run(kernel, triton.cdiv(count, block), *arguments, count, BLOCK=block, **constants)


def run(kernel: Any, programs: int, *arguments: Any, **constants: int) -> None:
    if programs:
        with torch.cuda.device_of(arguments[0]):  # Triton would take the current device, not that of the tensors
            kernel[(programs,)](*arguments, **constants)
