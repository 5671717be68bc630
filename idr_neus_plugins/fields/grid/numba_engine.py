"""The grid's operations through the Numba kernels: CPU, float32, the interface of ``reference.py``.

A backward pass adds into ``parameter.grad`` directly; see ``memory.grid_grad``.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numba
import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor
from torch.autograd.function import once_differentiable

from idr_neus_plugins.core.numba_setup import as_array
from idr_neus_plugins.fields.grid import node_kernels
from idr_neus_plugins.fields.grid import numba_kernels as kernels
from idr_neus_plugins.fields.grid.bricks import Bricks
from idr_neus_plugins.fields.grid.memory import grid_grad, grid_zeros
from idr_neus_plugins.fields.grid.nodes import MarkedNodes
from idr_neus_plugins.fields.grid.reference import SWEEPS, shape_of

name = "numba"


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
    control: Float[Tensor, "*nodes"],
    nodes: Int[Tensor, " listed"],
    bricks: Bricks | None = None,
    bend: float = math.inf,
    weights: Float[Tensor, " listed"] | None = None,
) -> Float[Tensor, ""]:
    """See ``reference.smoothness``; the gradient reaches the listed nodes only."""
    return _Smoothness.apply(control, nodes, bricks, bend, weights)


def classify(
    control: Float[Tensor, "*nodes"], half_width: float, bricks: Bricks | None = None
) -> tuple[UInt8[Tensor, "*nodes"], Int[Tensor, " active"]]:
    """See ``reference.classify``."""
    states = torch.empty(control.shape, dtype=torch.uint8)
    active = torch.zeros(-(-control.numel() // 8), 8, dtype=torch.uint8)
    flat = active.numpy().reshape(-1)[: control.numel()]
    kernels.classify(
        as_array(control).reshape(-1),
        *_addresses(control, bricks),
        _lowest(bricks),
        np.float32(half_width),
        states.numpy().reshape(-1),
        flat,
    )
    return states, torch.cat(take_marked(active))


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
    """See ``reference.march``."""
    shape, first = _addresses(states, bricks)
    longest = int(np.linalg.norm(shape) * voxel / step) + 2
    table = np.empty((len(origins), longest), np.float32)
    counts = np.empty(len(origins), np.int64)
    rays = (as_array(origins), as_array(directions), as_array(jitter))
    grid = (np.asarray(lower, np.float32), np.float32(voxel), states.numpy().reshape(-1), shape, first)
    kernels.march(*rays, *grid, np.float32(step), table, counts)
    kept = np.arange(counts.max(initial=0)) < counts[:, None]
    return torch.from_numpy(table[:, : kept.shape[1]][kept]), torch.from_numpy(counts)


def take_marked(marks: UInt8[Tensor, "words 8"]) -> list[Int[Tensor, " _nodes"]]:
    """See ``reference.take_marked``; one list per thread."""
    words, parts = len(marks), numba.get_num_threads()
    nodes, counts = np.empty(8 * words, np.int32), np.zeros(parts, np.int64)
    node_kernels.take_marked(marks.numpy(), nodes, counts)
    starts = [8 * (words * part // parts) for part in range(parts)]
    return [torch.from_numpy(nodes[start : start + count]) for start, count in zip(starts, counts, strict=True)]


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
    moments = (as_array(exp_avg), as_array(exp_avg_sq))
    factors = (np.float32(rate), np.float32(betas[0]), np.float32(betas[1]))
    node_kernels.adam(as_array(values), as_array(grad), *moments, as_array(nodes), *factors)


def smoothed_adam(
    values: Float[Tensor, "*nodes"],
    grad: Float[Tensor, "*nodes"],
    exp_avg: Float[Tensor, "*nodes"],
    exp_avg_sq: Float[Tensor, "*nodes"],
    nodes: Int[Tensor, " listed"],
    rate: float,
    betas: tuple[float, ...],
    smoothness: float,
    bricks: Bricks | None = None,
) -> None:
    """See ``reference.smoothed_adam``."""
    right, now, following = (_scratch(values.numel(), number) for number in range(3))
    addresses, listed = (*_addresses(values, bricks), _lowest(bricks)), as_array(nodes)
    flat, slopes, mean, square = (as_array(part).reshape(-1) for part in (values, grad, exp_avg, exp_avg_sq))
    factors = (np.float32(rate), np.float32(betas[0]), np.float32(betas[1]))
    node_kernels.adam_update(slopes, mean, square, listed, *factors, right)
    for _ in range(2):
        node_kernels.relax(right, right, *addresses, listed, np.float32(smoothness), now)
        for _ in range(SWEEPS - 1):
            node_kernels.relax(now, right, *addresses, listed, np.float32(smoothness), following)
            now, following = following, now
        right, now = now, right
    node_kernels.subtract_at(flat, listed, right)
    for scratch in (right, now, following):
        node_kernels.clear_at(scratch, listed)


class _Spline(torch.autograd.Function):
    @staticmethod
    def forward(ctx, control: Tensor, coords: Tensor, bricks: Bricks | None):  # type: ignore[override]
        ctx.control, ctx.coords = control, as_array(coords)
        ctx.shape, ctx.first = _addresses(control, bricks)
        value, gradient = np.empty(len(coords), np.float32), np.empty((len(coords), 3), np.float32)
        kernels.bspline_forward(as_array(control).reshape(-1), ctx.shape, ctx.first, ctx.coords, value, gradient)
        return torch.from_numpy(value), torch.from_numpy(gradient)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_value: Tensor, grad_gradient: Tensor):  # type: ignore[override]
        given, by_coords = (ctx.shape, ctx.first, ctx.coords, as_array(grad_value), as_array(grad_gradient)), None
        if ctx.needs_input_grad[0]:
            slabs = _slabs(ctx.coords, ctx.shape[0])
            kernels.bspline_backward(grid_grad(ctx.control).numpy().reshape(-1), *given, slabs)
        if ctx.needs_input_grad[1]:
            by_coords = np.empty_like(ctx.coords)
            kernels.bspline_backward_coords(as_array(ctx.control).reshape(-1), *given, by_coords)
        return None, None if by_coords is None else torch.from_numpy(by_coords), None


class _Interpolate(torch.autograd.Function):
    @staticmethod
    def forward(  # type: ignore[override]
        ctx, features: Tensor, coords: Tensor, touched: MarkedNodes | None, bricks: Bricks | None
    ):
        ctx.features, ctx.coords, ctx.touched = features, as_array(coords), touched
        ctx.shape, ctx.first = _addresses(features, bricks)
        out = np.empty((len(coords), features.shape[-1]), np.float32)
        kernels.trilinear_forward(_rows(as_array(features)), ctx.shape, ctx.first, ctx.coords, out)
        return torch.from_numpy(out)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_out: Tensor):  # type: ignore[override]
        grad, by_coords = as_array(grad_out), None
        if ctx.needs_input_grad[0]:
            table = _rows(grid_grad(ctx.features).numpy())
            marks = np.empty(len(table), np.uint8) if ctx.touched is None else ctx.touched.flat.numpy()
            slabs = _slabs(ctx.coords, ctx.shape[0])
            kernels.trilinear_backward(table, ctx.shape, ctx.first, marks, ctx.coords, grad, slabs)
        if ctx.needs_input_grad[1]:
            by_coords = np.empty_like(ctx.coords)
            kernels.trilinear_backward_coords(
                _rows(as_array(ctx.features)), ctx.shape, ctx.first, ctx.coords, grad, by_coords
            )
        return None, None if by_coords is None else torch.from_numpy(by_coords), None, None


class _Smoothness(torch.autograd.Function):
    @staticmethod
    def forward(  # type: ignore[override]
        ctx, control: Tensor, nodes: Tensor, bricks: Bricks | None, bend: float, weights: Tensor | None
    ):
        ctx.control, ctx.nodes, ctx.gradient = control, nodes, np.empty(len(nodes), np.float32)
        addresses = (*_addresses(control, bricks), _lowest(bricks))
        listed, scratch = as_array(nodes), _scratch(control.numel())
        each = np.ones(len(nodes), np.float32) if weights is None else as_array(weights)
        robust = (np.float32(min(bend, 1e18)), each)  # fast arithmetic knows no infinity
        total = node_kernels.bending(as_array(control).reshape(-1), *addresses, listed, *robust, scratch)
        node_kernels.laplacian(scratch, *addresses, listed, ctx.gradient)
        node_kernels.clear_at(scratch, listed)
        return control.new_tensor(total / max(len(nodes), 1))

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):  # type: ignore[override]
        weight = np.float32(float(grad) / max(len(ctx.nodes), 1))
        node_kernels.add_at(grid_grad(ctx.control).numpy().reshape(-1), as_array(ctx.nodes), weight, ctx.gradient)
        return None, None, None, None, None


def _addresses(values: Tensor, bricks: Bricks | None) -> tuple[tuple[int, ...], np.ndarray | None]:
    """What kernels find a node's row by: the lattice's shape, and the bricks' first rows."""
    return tuple(shape_of(values, bricks)), None if bricks is None else as_array(bricks.first)


def _lowest(bricks: Bricks | None) -> np.ndarray | None:
    return None if bricks is None else as_array(bricks.lowest)


def _rows(features: np.ndarray) -> np.ndarray:
    return features.reshape(-1, features.shape[-1])


@lru_cache(maxsize=3)
def _scratch(size: int, number: int = 0) -> np.ndarray:
    """Zeros, and who uses them leaves zeros: fresh ones of a fine grid take longer than what is done with them."""
    return grid_zeros((size,), torch.device("cpu")).numpy()


def _slabs(coords: np.ndarray, size: int) -> np.ndarray:
    """Borders along x of one slab per thread, each with about as many points."""
    threads = numba.get_num_threads()
    if len(coords) == 0 or threads == 1:
        return np.linspace(0, size, threads + 1).astype(np.int64)
    some = coords[:: max(1, len(coords) // 2000), 0]
    inner = np.quantile(some, np.linspace(0.0, 1.0, threads + 1)[1:-1]).astype(np.int64) + 1
    return np.concatenate([[0], inner.clip(0, size), [size]])
