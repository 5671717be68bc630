"""The grid's operations in plain PyTorch, on any device: the truth that faster engines are tested against.

Index coordinates have the nodes at integers. Gradients are per voxel. Values are those of all nodes, [x, y, z, ...], or
the rows [rows, ...] of bricks, which are given then.
"""

from __future__ import annotations

import math
from itertools import product

import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from idr_neus_plugins.fields.grid.bricks import SHARED, Bricks
from idr_neus_plugins.fields.grid.nodes import MarkedNodes
from idr_neus_plugins.fields.grid.states import BAND, INSIDE, OUTSIDE

name = "reference"

SWEEPS = 3
"""Of Jacobi's method: the updates of steps that follow each other are much alike, and none need be exact."""
SPLINE_MARGIN = 0.5
"""Voxels from the border within which the spline is defined; coordinates beyond are clamped."""


def spline(
    control: Float[Tensor, "*nodes"], coords: Float[Tensor, "points 3"], bricks: Bricks | None = None
) -> tuple[Float[Tensor, " points"], Float[Tensor, "points 3"]]:
    """Value and derivative of the quadratic B-spline with the given control values.

    Twice smoother than trilinear interpolation for half the reads of its six-tap gradient: the value has a continuous
    derivative, so normals do not jump between voxels, and value and derivative belong to one function.
    """
    shape = shape_of(control, bricks)
    size = coords.new_tensor(shape)
    coords = coords.clamp(min=SPLINE_MARGIN).minimum(size - 1.0 - SPLINE_MARGIN)
    nodes = (coords + 0.5).floor().clamp(min=1).minimum(size - 2.0)
    f = coords - nodes
    weights = torch.stack([0.5 * (0.5 - f) ** 2, 0.75 - f**2, 0.5 * (0.5 + f) ** 2], dim=1)
    slopes = torch.stack([f - 0.5, -2.0 * f, f + 0.5], dim=1)
    taps = nodes.long()[:, None] + torch.arange(-1, 2, device=coords.device)[None, :, None]
    rows = _rows(shape, bricks, taps[:, :, None, None, 0], taps[:, None, :, None, 1], taps[:, None, None, :, 2])
    block = control.reshape(-1)[rows]

    def contract(wx: Tensor, wy: Tensor, wz: Tensor) -> Tensor:
        return torch.einsum("nabc,na,nb,nc->n", block, wx, wy, wz)

    (wx, wy, wz), (dx, dy, dz) = weights.unbind(dim=-1), slopes.unbind(dim=-1)
    gradient = torch.stack([contract(dx, wy, wz), contract(wx, dy, wz), contract(wx, wy, dz)], dim=-1)
    return contract(wx, wy, wz), gradient


def interpolate(
    features: Float[Tensor, "*nodes channels"],
    coords: Float[Tensor, "points 3"],
    touched: MarkedNodes | None = None,
    bricks: Bricks | None = None,
) -> Float[Tensor, "points channels"]:
    """Trilinear interpolation; marks the nodes that a backward pass will reach."""
    shape = shape_of(features, bricks)
    size = coords.new_tensor(shape)
    coords = coords.clamp(min=0.0).minimum(size - 1.0)
    nodes = coords.floor().minimum(size - 2.0)
    f = coords - nodes
    weights = torch.stack([1.0 - f, f], dim=1)
    taps = nodes.long()[:, None] + torch.arange(2, device=coords.device)[None, :, None]
    rows = _rows(shape, bricks, taps[:, :, None, None, 0], taps[:, None, :, None, 1], taps[:, None, None, :, 2])
    if touched is not None:
        touched.flat[rows.reshape(-1)] = 1
    block = features.reshape(-1, features.shape[-1])[rows]
    return torch.einsum("nabcf,na,nb,nc->nf", block, *weights.unbind(dim=-1))


def smoothness(
    control: Float[Tensor, "*nodes"],
    nodes: Int[Tensor, " listed"],
    bricks: Bricks | None = None,
    bend: float = math.inf,
    weights: Float[Tensor, " listed"] | None = None,
) -> Float[Tensor, ""]:
    """Mean over the listed inner nodes (their rows) of a robust square of the control values' discrete Laplacian l.

    Charbonnier's ``bend² (sqrt(1 + (l / bend)²) - 1)``: half the square where little bends; at edges, which half the
    square would round off, it grows like the length of l only.

    Args:
        weights: of the nodes, where they differ.
    """
    shape, flat = shape_of(control, bricks), control.reshape(-1)
    around = torch.stack([flat[rows] for rows in _beside(shape, bricks, nodes.long())]).sum(dim=0)
    lap = around - 6.0 * flat[nodes.long()]
    return robust_square(lap, bend, weights).mean()


def robust_square(
    lap: Float[Tensor, " listed"], bend: float, weights: Float[Tensor, " listed"] | None
) -> Float[Tensor, " listed"]:
    """Charbonnier's, of each value; half the square where ``bend`` is infinite."""
    square = lap.square() / (1.0 + (1.0 + (lap / bend).square()).sqrt())
    return square if weights is None else weights * square


def classify(
    control: Float[Tensor, "*nodes"], half_width: float, bricks: Bricks | None = None
) -> tuple[UInt8[Tensor, "*nodes"], Int[Tensor, " active"]]:
    """States of the nodes for rays, and the nodes (their rows) that intervals in the band depend on.

    The band, \\|value\\| <= half_width, is widened by one node on its outer side. Active are the band and two nodes
    around it, except within two nodes of the border and where several nodes share a row.
    """
    shape, control = shape_of(control, bricks), control.contiguous()
    states = torch.full_like(control, BAND, dtype=torch.uint8)
    states[control > half_width], states[control < -half_width] = OUTSIDE, INSIDE
    core = _inner((control.abs() <= half_width).view(-1).nonzero()[:, 0], shape, bricks)
    flat = states.view(-1)
    flat[_around(core, 1, shape, bricks) & (flat == OUTSIDE)] = BAND
    return states, _inner(_around(core, 2, shape, bricks).nonzero()[:, 0], shape, bricks).int()


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
    """Distances of the intervals' middles in the band, ray by ray, and their number per ray.

    Rays step by ``step`` from where they enter the box, shifted by ``jitter`` steps, and end where they enter nodes
    safely inside: what lies behind a surface is hidden.
    """
    low = origins.new_tensor(lower)
    shape = shape_of(states, bricks)
    size = torch.tensor(shape, device=origins.device)
    safe = torch.where(directions.abs() < 1e-9, torch.full_like(directions, 1e-9), directions)
    borders = torch.stack([low - origins, low + voxel * (size - 1) - origins]) / safe
    near = borders.amin(dim=0).amax(dim=1).clamp(min=0.0)
    far = borders.amax(dim=0).amin(dim=1)
    count = max(int(((far - near) / step).max().ceil()), 1) if len(far) else 1
    distances = (near + jitter * step)[:, None] + step * torch.arange(count, device=origins.device)
    points = origins[:, None] + distances[..., None] * directions[:, None]
    nodes = ((points - low) / voxel + 0.5).long().clamp(min=0).minimum(size - 1)
    state = states.view(-1)[_rows(shape, bricks, *nodes.unbind(dim=-1))]
    within = distances < far[:, None]
    open_so_far = ((state == INSIDE) & within).cumsum(dim=1) == 0
    kept = (state == BAND) & within & open_so_far
    return distances[kept], kept.sum(dim=1)


def take_marked(marks: UInt8[Tensor, "words 8"]) -> list[Int[Tensor, " _nodes"]]:
    """The marked nodes; clears the marks."""
    nodes = marks.view(-1).nonzero()[:, 0].int()
    marks.zero_()
    return [nodes]


def adam(
    values: Float[Tensor, "rows channels"],
    grad: Float[Tensor, "rows channels"],
    exp_avg: Float[Tensor, "rows channels"],
    exp_avg_sq: Float[Tensor, "rows channels"],
    nodes: Int[Tensor, " nodes"],
    rate: float,
    betas: tuple[float, ...],
) -> None:
    """Adam in place on the listed rows where their gradient is not 0; clears it, so that none need be zeroed.

    A value that a step has not touched stays as it is: most in a wide band are not, and to visit them costs more than
    all else there. Without bias correction: with betas (0.9, 0.99) the first step has length ``rate`` as it is.
    """
    at = nodes.long()
    g = grad[at]
    touched = g != 0
    m = torch.where(touched, betas[0] * exp_avg[at] + (1.0 - betas[0]) * g, exp_avg[at])
    v = torch.where(touched, betas[1] * exp_avg_sq[at] + (1.0 - betas[1]) * g * g, exp_avg_sq[at])
    values[at] -= torch.where(touched, rate * m / (v.sqrt() + 1e-15), 0.0)
    exp_avg[at], exp_avg_sq[at], grad[at] = m, v, torch.zeros_like(g)


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
    """As ``adam`` for one channel and inner nodes; the update u solves ``(1 - smoothness * Laplacian)² u = a``.

    a is Adam's update, u is 0 at nodes that are not listed; each factor by SWEEPS steps of Jacobi's method.
    """
    shape, at = shape_of(values, bricks), nodes.long()
    flat = [part.detach().view(-1) for part in (values, grad, exp_avg, exp_avg_sq)]
    update = torch.zeros_like(flat[0])
    columns = [part[:, None] for part in (update, *flat[1:])]
    adam(*columns, nodes, rate, betas)  # type: ignore[call-arg]
    update.neg_()
    beside = _beside(shape, bricks, at)
    for _ in range(2):
        right = update[at]
        for _ in range(SWEEPS):
            around = torch.stack([update[rows] for rows in beside]).sum(dim=0)
            update[at] = (right + smoothness * around) / (1.0 + 6.0 * smoothness)
    flat[0][at] -= update[at]


def shape_of(values: Tensor, bricks: Bricks | None) -> torch.Size:
    """Nodes of the whole lattice along x, y and z."""
    return values.shape[:3] if bricks is None else bricks.shape


def _rows(shape: torch.Size, bricks: Bricks | None, i: Tensor, j: Tensor, k: Tensor) -> Tensor:
    """Where the nodes' values lie."""
    return (i * shape[1] + j) * shape[2] + k if bricks is None else bricks.row(i, j, k)


def nodes_of(shape: torch.Size, bricks: Bricks | None, rows: Int[Tensor, " n"]) -> tuple[Tensor, ...]:
    """The nodes i, j and k whose values lie in these rows."""
    if bricks is None:
        return rows // (shape[1] * shape[2]), rows // shape[2] % shape[1], rows % shape[2]
    return bricks.nodes(rows).unbind(dim=-1)


def _beside(shape: torch.Size, bricks: Bricks | None, rows: Int[Tensor, " n"]) -> list[Int[Tensor, " n"]]:
    """Rows of the six nodes beside inner ones."""
    i, j, k = nodes_of(shape, bricks, rows)
    beside = [(i + step, j, k) for step in (-1, 1)]
    beside += [(i, j + step, k) for step in (-1, 1)] + [(i, j, k + step) for step in (-1, 1)]
    return [_rows(shape, bricks, *node) for node in beside]


def _inner(rows: Int[Tensor, " n"], shape: torch.Size, bricks: Bricks | None) -> Int[Tensor, " inner"]:
    """Those that are two nodes from the border at least, and of one node alone."""
    rows = rows if bricks is None else rows[rows >= SHARED]
    node = torch.stack(nodes_of(shape, bricks, rows), dim=-1)
    return rows[((node >= 2) & (node < torch.tensor(shape, device=node.device) - 2)).all(dim=-1)]


def _around(core: Int[Tensor, " n"], reach: int, shape: torch.Size, bricks: Bricks | None) -> Bool[Tensor, " rows"]:
    """Marks the rows of nodes at most ``reach`` away from some along each axis, those that are shared left out."""
    near = torch.zeros(shape.numel() if bricks is None else bricks.rows, dtype=torch.bool, device=core.device)
    i, j, k = nodes_of(shape, bricks, core)
    for x, y, z in product(range(-reach, reach + 1), repeat=3):
        near[_rows(shape, bricks, i + x, j + y, k + z)] = True
    if bricks is not None:
        near[:SHARED] = False
    return near
