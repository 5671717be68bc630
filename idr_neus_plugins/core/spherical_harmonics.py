"""Real spherical harmonics of a direction: a compact code of how colour may change with the view."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.core.engine import fused

NUM_HARMONICS = 16

NORMS = torch.tensor(
    [math.sqrt(1 / (4 * math.pi))]
    + [math.sqrt(3 / (4 * math.pi))] * 3
    + [math.sqrt(15 / (4 * math.pi))] * 3
    + [math.sqrt(15 / (16 * math.pi)), math.sqrt(5 / (16 * math.pi))]
    + [math.sqrt(35 / (32 * math.pi)), math.sqrt(105 / (4 * math.pi)), math.sqrt(21 / (32 * math.pi))]
    + [math.sqrt(7 / (16 * math.pi)), math.sqrt(21 / (32 * math.pi))]
    + [math.sqrt(105 / (16 * math.pi)), math.sqrt(35 / (32 * math.pi))],
    dtype=torch.float64,
)
"""Times these, the harmonics are orthonormal over the sphere [16]."""


def spherical_harmonics(directions: Float[Tensor, "points 3"]) -> Float[Tensor, "points 16"]:
    """Degrees 0 to 3 of unit vectors, not normalised: the layer behind them learns its own scale."""
    if not directions.requires_grad and (engine := fused(directions)) is not None:
        return engine.spherical_harmonics(directions)
    x, y, z = directions.unbind(dim=-1)
    xx, yy, zz = x * x, y * y, z * z
    degree_2 = [x * y, y * z, x * z, xx - yy, 3.0 * zz - 1.0]
    degree_3 = [
        y * (3.0 * xx - yy),
        x * y * z,
        y * (5.0 * zz - 1.0),
        z * (5.0 * zz - 3.0),
        x * (5.0 * zz - 1.0),
        z * (xx - yy),
        x * (xx - 3.0 * yy),
    ]
    return torch.stack([torch.ones_like(x), x, y, z, *degree_2, *degree_3], dim=-1)


def num_harmonics(degree: int) -> int:
    """Of all degrees up to this one."""
    return (degree + 1) ** 2


def orthonormal_harmonics(directions: Float[Tensor, "points 3"], degree: int) -> Float[Tensor, "points harmonics"]:
    """Degrees 0 to ``degree`` (at most 3) of unit vectors, orthonormal over the sphere."""
    count = num_harmonics(degree)
    return spherical_harmonics(directions)[..., :count] * NORMS[:count].to(directions)
