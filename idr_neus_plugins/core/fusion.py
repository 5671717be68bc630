"""A solid from depth maps: what cameras see past is free, the rest stays (Curless and Levoy 1996)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.core.depth_maps import DepthMap, depths_at
from idr_neus_plugins.core.photographs import Photographs

LEAST_CORRELATION = 0.5
"""From which on a depth has a say."""


class Votes(NamedTuple):
    """How many views say so of a point."""

    free: Float[Tensor, " points"]
    """They see past it."""
    solid: Float[Tensor, " points"]
    """It lies at the surface, or close behind it."""


def votes(
    photographs: Photographs, maps: list[DepthMap], points: Float[Tensor, "points 3"], clear: float, thick: float
) -> Votes:
    """Whether the views see past scene points.

    Args:
        clear: distance in front of the surface from which on a point is free, scene units.
        thick: behind the surface, up to which it is solid; what lies deeper is hidden, and nobody votes.
    """
    free, solid = torch.zeros(len(points)), torch.zeros(len(points))
    for view, known in enumerate(maps):
        if known.spacing > 0:
            sure = known._replace(depth=torch.where(known.correlation > LEAST_CORRELATION, known.depth, 0.0))
            there, depth = depths_at(photographs, sure, view, points)
            behind = torch.where(there > 0, depth - there, torch.nan)
            free += behind < -clear
            solid += (behind >= -0.25 * clear) & (behind < thick)
    return Votes(free, solid)
