"""Where rays meet things."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def ray_sphere(
    origins: Float[Tensor, "rays 3"], directions: Float[Tensor, "rays 3"], radius: float = 1.0
) -> tuple[Float[Tensor, " rays"], Float[Tensor, " rays"], Bool[Tensor, " rays"]]:
    """Part of each ray inside a sphere around the scene's origin.

    Args:
        directions: need not be unit vectors; distances are in multiples of them.

    Returns:
        near, far and whether the ray meets the sphere in front of its origin. ``near`` is not negative. Where a ray
        misses, near and far are both the distance of its closest approach.
    """
    squared = (directions * directions).sum(dim=-1)
    closest = -(origins * directions).sum(dim=-1) / squared
    gap = radius**2 - ((origins + closest[:, None] * directions) ** 2).sum(dim=-1)
    half = torch.sqrt(gap.clamp(min=0.0) / squared)
    near, far = (closest - half).clamp(min=0.0), closest + half
    return near, torch.maximum(near, far), (gap > 0) & (far > near)
