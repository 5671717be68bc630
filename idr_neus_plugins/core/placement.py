"""Placing samples along rays. ``edges`` are the sorted borders of adjoining intervals, one row per ray."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def uniform_edges(
    near: Float[Tensor, " rays"], far: Float[Tensor, " rays"], samples: int
) -> Float[Tensor, "rays samples_plus_one"]:
    """Borders of ``samples`` equal intervals between near and far."""
    steps = torch.linspace(0.0, 1.0, samples + 1, device=near.device, dtype=near.dtype)
    return near[:, None] + (far - near)[:, None] * steps


def outward_edges(
    first: Float[Tensor, " rays"], samples: int, reach: float = 1e3
) -> Float[Tensor, "rays samples_plus_one"]:
    """Borders from ``first`` to ``reach`` times as far, even in inverse distance (NeRF++, Zhang et al. 2020)."""
    inverse = torch.linspace(1.0, 1.0 / reach, samples + 1, device=first.device, dtype=first.dtype)
    return first.clamp(min=1e-2)[:, None] / inverse


def jitter(edges: Float[Tensor, "rays edges"]) -> Float[Tensor, "rays edges"]:
    """Stratified: each inner border moves at random within half an interval to either side; first and last stay."""
    inner = edges[:, 1:-1]
    before, after = 0.5 * (inner - edges[:, :-2]), 0.5 * (edges[:, 2:] - inner)
    shift = torch.rand_like(inner) * (before + after) - before
    return torch.cat([edges[:, :1], inner + shift, edges[:, -1:]], dim=1)


def inverse_cdf(
    edges: Float[Tensor, "rays edges"], weights: Float[Tensor, "rays intervals"], samples: int
) -> Float[Tensor, "rays samples"]:
    """Points at evenly spaced quantiles of the piecewise constant density that ``weights`` gives the intervals.

    Every interval keeps a little mass, so that rays whose weights are all zero are still covered.
    """
    mass = weights + 1e-5
    cdf = torch.cumsum(mass / mass.sum(dim=1, keepdim=True), dim=1)
    cdf = torch.cat([torch.zeros_like(cdf[:, :1]), cdf], dim=1)
    middles = (torch.arange(samples, device=edges.device, dtype=edges.dtype) + 0.5) / samples
    quantiles = middles.expand(edges.shape[0], samples).contiguous()
    above = torch.searchsorted(cdf, quantiles, right=True).clamp(1, edges.shape[1] - 1)
    low, high = cdf.gather(1, above - 1), cdf.gather(1, above)
    share = (quantiles - low) / (high - low).clamp(min=1e-9)
    start, end = edges.gather(1, above - 1), edges.gather(1, above)
    return start + share.clamp(0.0, 1.0) * (end - start)


def merge(
    values: Float[Tensor, "rays old"],
    added: Float[Tensor, "rays new"],
    companions: Float[Tensor, "rays old"],
    added_companions: Float[Tensor, "rays new"],
) -> tuple[Float[Tensor, "rays both"], Float[Tensor, "rays both"]]:
    """Two sets of distances in one ascending order; a value that belongs to each distance moves along."""
    merged, order = torch.cat([values, added], dim=1).sort(dim=1)
    return merged, torch.cat([companions, added_companions], dim=1).gather(1, order)
