"""The encoding of a hash grid in plain PyTorch, on any device: the truth that faster engines are tested against."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from idr_neus_plugins.fields.grid.nodes import MarkedNodes
from idr_neus_plugins.fields.hash.layout import PRIMES


def encode(
    table: Float[Tensor, "rows channels"],
    coords: Float[Tensor, "points 3"],
    layout: Int[Tensor, "levels 4"],
    with_derivatives: bool = True,
    touched: MarkedNodes | None = None,
) -> tuple[Float[Tensor, "points encoded"], Float[Tensor, "points 3 encoded"] | None]:
    """Features of all levels side by side (trilinear on each), and their derivatives along x, y and z.

    Both are linear in the table, so a loss on derivatives needs one ordinary backward pass.

    Args:
        coords: in the unit cube; beyond it, features and derivatives are those of the nearest point.
        layout: see ``HashLevels.layout``.
        with_derivatives: None in their place otherwise.
        touched: where the rows are marked that a backward pass will reach.
    """
    cells, first, rows, hashed = layout[None, :, :, None, None, None].unbind(dim=2)
    scale = layout[:, :1].to(coords.dtype)
    scaled = coords.clamp(0.0, 1.0)[:, None] * scale
    nodes = scaled.detach().floor().minimum(scale - 1.0)
    f = scaled - nodes
    weights = torch.stack([1.0 - f, f], dim=2)
    taps = nodes.long()[:, :, None] + torch.arange(2, device=coords.device)[:, None]
    i, j, k = taps[:, :, :, None, None, 0], taps[:, :, None, :, None, 1], taps[:, :, None, None, :, 2]
    dense = (i * (cells + 1) + j) * (cells + 1) + k
    shared = (i * PRIMES[0] ^ j * PRIMES[1] ^ k * PRIMES[2]) & (rows - 1)
    at = first + torch.where(hashed > 0, shared, dense)
    if touched is not None:
        touched.flat[at.reshape(-1)] = 1
    values = table[at]

    def contract(wx: Tensor, wy: Tensor, wz: Tensor) -> Tensor:
        return torch.einsum("nlabcf,nla,nlb,nlc->nlf", values, wx, wy, wz).flatten(1)

    wx, wy, wz = weights.unbind(dim=-1)
    features = contract(wx, wy, wz)
    if not with_derivatives:
        return features, None
    slopes = torch.stack([-scale, scale], dim=1)[None, ..., 0].expand_as(wx)
    derivatives = [contract(slopes, wy, wz), contract(wx, slopes, wz), contract(wx, wy, slopes)]
    return features, torch.stack(derivatives, dim=1)
