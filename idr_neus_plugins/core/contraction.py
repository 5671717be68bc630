"""Contraction: all of space in a finite box, so that what is far away fits onto a grid of voxels."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

BOUND = 2.0
"""Contracted positions lie within this distance of the origin along every axis."""


def contract(positions: Float[Tensor, "points 3"]) -> Float[Tensor, "points 3"]:
    """Piecewise projective contraction (MERF, Reiser et al. 2023, equation 4) of space onto the cube ``[-2, 2]^3``.

    The cube ``[-1, 1]^3`` stays as it is. Outside, with x_j the coordinate of largest size, x_j becomes
    ``(2 - 1 / |x_j|) sign(x_j)`` and the others are divided by ``|x_j|``. Straight lines stay straight within each of
    the seven pieces, and unlike a contraction to a ball this one fills the corners of the grid.
    """
    largest, axis = positions.abs().max(dim=1, keepdim=True)
    distance = largest.clamp(min=1.0)
    is_largest = torch.zeros_like(positions, dtype=torch.bool).scatter(1, axis, True)
    outside = torch.where(is_largest, (2.0 - 1.0 / distance) * positions.sign(), positions / distance)
    return torch.where(largest > 1.0, outside, positions)


def expand(contracted: Float[Tensor, "points 3"]) -> Float[Tensor, "points 3"]:
    """Inverse of :func:`contract`; positions on the border of the cube are infinitely far away."""
    largest, axis = contracted.abs().max(dim=1, keepdim=True)
    distance = 1.0 / (2.0 - largest).clamp(min=torch.finfo(contracted.dtype).tiny)
    is_largest = torch.zeros_like(contracted, dtype=torch.bool).scatter(1, axis, True)
    outside = torch.where(is_largest, contracted.sign(), contracted) * distance
    return torch.where(largest > 1.0, outside, contracted)
