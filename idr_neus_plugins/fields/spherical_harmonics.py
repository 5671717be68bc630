"""Real spherical harmonics of a direction: a compact code of how colour may change with the view."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

NUM_HARMONICS = 16


def spherical_harmonics(directions: Float[Tensor, "points 3"]) -> Float[Tensor, "points 16"]:
    """Degrees 0 to 3 of unit vectors, not normalised: the layer behind them learns its own scale."""
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
