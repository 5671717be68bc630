"""The grid's operations in plain PyTorch, on any device: the truth that faster engines are tested against.

Index coordinates have the nodes at integers. Gradients are per voxel.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor
from torch.nn import functional

from idr_neus_plugins.fields.grid.nodes import MarkedNodes
from idr_neus_plugins.fields.grid.states import BAND, INSIDE, OUTSIDE

name = "reference"

SPLINE_MARGIN = 0.5
"""Voxels from the border within which the spline is defined; coordinates beyond are clamped."""


def spline(
    control: Float[Tensor, "x y z"], coords: Float[Tensor, "points 3"]
) -> tuple[Float[Tensor, " points"], Float[Tensor, "points 3"]]:
    """Value and derivative of the quadratic B-spline with the given control values.

    Twice smoother than trilinear interpolation for half the reads of its six-tap gradient: the value has a continuous
    derivative, so normals do not jump between voxels, and value and derivative belong to one function.
    """
    size = coords.new_tensor(control.shape)
    coords = coords.clamp(min=SPLINE_MARGIN).minimum(size - 1.0 - SPLINE_MARGIN)
    nodes = (coords + 0.5).floor().clamp(min=1).minimum(size - 2.0)
    f = coords - nodes
    weights = torch.stack([0.5 * (0.5 - f) ** 2, 0.75 - f**2, 0.5 * (0.5 + f) ** 2], dim=1)
    slopes = torch.stack([f - 0.5, -2.0 * f, f + 0.5], dim=1)
    taps = nodes.long()[:, None] + torch.arange(-1, 2, device=coords.device)[None, :, None]
    block = control[taps[:, :, None, None, 0], taps[:, None, :, None, 1], taps[:, None, None, :, 2]]

    def contract(wx: Tensor, wy: Tensor, wz: Tensor) -> Tensor:
        return torch.einsum("nabc,na,nb,nc->n", block, wx, wy, wz)

    (wx, wy, wz), (dx, dy, dz) = weights.unbind(dim=-1), slopes.unbind(dim=-1)
    gradient = torch.stack([contract(dx, wy, wz), contract(wx, dy, wz), contract(wx, wy, dz)], dim=-1)
    return contract(wx, wy, wz), gradient


def interpolate(
    features: Float[Tensor, "x y z channels"], coords: Float[Tensor, "points 3"], touched: MarkedNodes | None = None
) -> Float[Tensor, "points channels"]:
    """Trilinear interpolation; marks the nodes that a backward pass will reach."""
    size = coords.new_tensor(features.shape[:3])
    coords = coords.clamp(min=0.0).minimum(size - 1.0)
    nodes = coords.floor().minimum(size - 2.0)
    f = coords - nodes
    weights = torch.stack([1.0 - f, f], dim=1)
    taps = nodes.long()[:, None] + torch.arange(2, device=coords.device)[None, :, None]
    i, j, k = taps[:, :, None, None, 0], taps[:, None, :, None, 1], taps[:, None, None, :, 2]
    if touched is not None:
        touched.flat[((i * features.shape[1] + j) * features.shape[2] + k).reshape(-1)] = 1
    return torch.einsum("nabcf,na,nb,nc->nf", features[i, j, k], *weights.unbind(dim=-1))


def smoothness(control: Float[Tensor, "x y z"], nodes: Int[Tensor, " nodes"]) -> Float[Tensor, ""]:
    """Half the mean squared discrete Laplacian of the control values at the listed inner nodes."""
    row, plane = control.shape[2], control.shape[1] * control.shape[2]
    flat, at = control.reshape(-1), nodes.long()
    around = sum(flat[at + shift] + flat[at - shift] for shift in (1, row, plane))
    return 0.5 * (around - 6.0 * flat[at]).square().mean()


def classify(
    control: Float[Tensor, "x y z"], half_width: float
) -> tuple[UInt8[Tensor, "x y z"], Int[Tensor, " active"]]:
    """States of the nodes for rays, and the nodes that sections in the band depend on.

    The band, \\|value\\| <= half_width, is widened by one node on its outer side. Active are the band and two nodes
    around it, except within two nodes of the border.
    """
    states = torch.full_like(control, BAND, dtype=torch.uint8)
    states[control > half_width], states[control < -half_width] = OUTSIDE, INSIDE
    inner = torch.zeros_like(states)
    inner[2:-2, 2:-2, 2:-2] = 1
    core = (inner * (control.abs() <= half_width))[None, None].float()
    near = functional.max_pool3d(core, 3, stride=1, padding=1)[0, 0] > 0
    states[near & (states == OUTSIDE)] = BAND
    active = (functional.max_pool3d(core, 5, stride=1, padding=2)[0, 0] > 0) & (inner > 0)
    return states, active.reshape(-1).nonzero()[:, 0].int()


def march(
    origins: Float[Tensor, "rays 3"],
    directions: Float[Tensor, "rays 3"],
    jitter: Float[Tensor, " rays"],
    lower: tuple[float, float, float],
    voxel: float,
    states: UInt8[Tensor, "x y z"],
    step: float,
) -> tuple[Float[Tensor, " sections"], Int[Tensor, " rays"]]:
    """Distances of the sections' middles in the band, ray by ray, and their number per ray.

    Rays step by ``step`` from where they enter the box, shifted by ``jitter`` steps, and end where they enter nodes
    safely inside: what lies behind a surface is hidden.
    """
    low = origins.new_tensor(lower)
    size = torch.tensor(states.shape, device=origins.device)
    safe = torch.where(directions.abs() < 1e-9, torch.full_like(directions, 1e-9), directions)
    borders = torch.stack([low - origins, low + voxel * (size - 1) - origins]) / safe
    near = borders.amin(dim=0).amax(dim=1).clamp(min=0.0)
    far = borders.amax(dim=0).amin(dim=1)
    count = max(int(((far - near) / step).max().ceil()), 1) if len(far) else 1
    distances = (near + jitter * step)[:, None] + step * torch.arange(count, device=origins.device)
    points = origins[:, None] + distances[..., None] * directions[:, None]
    nodes = ((points - low) / voxel + 0.5).long().clamp(min=0).minimum(size - 1)
    state = states[nodes[..., 0], nodes[..., 1], nodes[..., 2]]
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
    """Adam in place on the listed rows; clears their gradient, so that none need be zeroed.

    Without bias correction: with betas (0.9, 0.99) the first step has length ``rate`` as it is.
    """
    at = nodes.long()
    g = grad[at]
    m = betas[0] * exp_avg[at] + (1.0 - betas[0]) * g
    v = betas[1] * exp_avg_sq[at] + (1.0 - betas[1]) * g * g
    exp_avg[at], exp_avg_sq[at], grad[at] = m, v, torch.zeros_like(g)
    values[at] -= rate * m / (v.sqrt() + 1e-15)
