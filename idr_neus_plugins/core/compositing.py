"""Compositing along rays whose intervals are packed one after another.

Symbols: ``alpha`` opacity of an interval; ``transmittance`` T, the share of light that reaches an interval from the
camera; ``weights`` T times alpha, the interval's share in the pixel. ``offsets`` delimits the rays as in
:class:`~idr_neus_plugins.core.ray_intervals.RayIntervals`.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from idr_neus_plugins.core.engine import fused

EPSILON = 1e-7
"""Light that even an opaque interval lets through: keeps the derivative of the product finite."""


def transmittance(
    alpha: Float[Tensor, " intervals"], offsets: Int[Tensor, " rays_plus_one"]
) -> Float[Tensor, " intervals"]:
    """Transmittance before each interval, ``T_i = prod_{j<i} (1 - alpha_j)`` over the earlier intervals of its ray."""
    counts = offsets.diff()
    if alpha.numel() == 0:
        return alpha
    longest = int(counts.max())
    if alpha.numel() == counts.numel() * longest:
        return _exclusive_product(alpha.view(-1, longest)).view(-1)
    slots = _slots(counts, offsets, longest)
    padded = alpha.new_zeros(counts.numel() * longest).index_put((slots,), alpha)
    return _exclusive_product(padded.view(-1, longest)).view(-1)[slots]


def render_weights(
    alpha: Float[Tensor, " intervals"], offsets: Int[Tensor, " rays_plus_one"]
) -> Float[Tensor, " intervals"]:
    """Share of each interval in its pixel, ``T alpha``; the shares of a ray add up to at most 1."""
    if (engine := fused(alpha)) is not None:
        return engine.render_weights(alpha, offsets, EPSILON)
    return transmittance(alpha, offsets) * alpha


def accumulate(
    weights: Float[Tensor, " intervals"],
    values: Float[Tensor, "some channels"] | None,
    ray_indices: Int[Tensor, " intervals"],
    num_rays: int,
    of: Int[Tensor, " some"] | None = None,
) -> Float[Tensor, "rays channels_or_one"]:
    """Weighted sum of ``values`` along each ray; without values the sum of the weights, i.e. the ray's opacity.

    Args:
        ray_indices: ray of each interval, ascending.
        of: intervals whose values these are, ascending; left out: all of them.
    """
    if (engine := fused(weights, *([] if values is None else [values]))) is not None:
        return engine.accumulate(weights, values, ray_indices, num_rays, of)
    if of is not None:
        weights, ray_indices = weights[of], ray_indices[of]
    weighted = weights[:, None] if values is None else weights[:, None] * values
    return weighted.new_zeros(num_rays, weighted.shape[1]).index_add(0, ray_indices, weighted)


def unit(
    vectors: Float[Tensor, "all 3"], of: Int[Tensor, " some"] | None = None, least: float = 1e-12
) -> Float[Tensor, "some_or_all 3"]:
    """Vectors at length 1; shorter ones than ``least`` stay short. Of those listed, or of all."""
    if (engine := fused(vectors)) is not None:
        return engine.unit(vectors, of, least)
    return functional.normalize(vectors if of is None else vectors[of], dim=-1, eps=least)


def _exclusive_product(alpha: Float[Tensor, "rays longest"]) -> Float[Tensor, "rays longest"]:
    passed = torch.cumprod(1.0 - alpha[:, :-1] + EPSILON, dim=1)
    return torch.cat([torch.ones_like(alpha[:, :1]), passed], dim=1)


def _slots(counts: Tensor, offsets: Tensor, longest: int) -> Int[Tensor, " intervals"]:
    """Where each packed interval lies in a dense [rays, longest] table."""
    rays = torch.arange(counts.numel(), device=counts.device)
    shifts = (rays * longest - offsets[:-1]).repeat_interleave(counts)
    return shifts + torch.arange(shifts.numel(), device=counts.device)
