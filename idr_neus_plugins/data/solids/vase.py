"""A glazed vase with a ring for a handle (so the surface has a hole): smooth, weakly painted, and it shines.

What it shows moves with the camera: highlights, and the surroundings in its glaze. Photo-consistency that takes them
for paint digs pits.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.data.solids.paints import between, noise
from idr_neus_plugins.data.solids.shapes import length, smooth_difference, smooth_union
from idr_neus_plugins.data.solids.solid import Gloss, Solid

GLAZE, DEEP, CREST = (0.34, 0.62, 0.55), (0.18, 0.38, 0.52), (0.78, 0.68, 0.40)


def sdf(points: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
    x, y, z = points.T.contiguous()
    radius = length(x, y)
    belly = length(0.9 * x, 0.9 * y, z + 0.16) - 0.40
    neck = torch.maximum(radius - (0.13 + 0.35 * (z - 0.35).square()), (z - 0.36).abs() - 0.26)
    lip = length(radius - 0.16, z - 0.60) - 0.035
    foot = torch.maximum(radius - 0.27, (z + 0.58).abs() - 0.05)
    ring = length(length(x - 0.36, z - 0.28) - 0.17, y) - 0.05
    body = smooth_union(smooth_union(belly, neck, 0.18), foot, 0.08)
    body = smooth_union(smooth_union(body, lip, 0.05), ring, 0.05)
    hollow = length(radius, 0.5 * (z - 0.62)) - 0.10
    return smooth_difference(body, hollow, 0.03)


def paint(points: Float[Tensor, "points 3"]) -> Float[Tensor, "points 3"]:
    """Two greens that run into each other, a band of gold, and a crackle that is hardly seen."""
    broad, fine = noise(points, 3.0), noise(points, 30.0)
    color = between(GLAZE, DEEP, torch.sigmoid(8.0 * (broad[:, :1] - 0.5)))
    band = torch.sigmoid(80.0 * (0.025 - (points[:, 2:] + 0.02 - 0.03 * torch.sin(14.0 * broad[:, 1:2])).abs()))
    return (between(color, CREST, band) + 0.10 * (fine - 0.5)).clamp(0.03, 0.97)


SOLID = Solid(sdf, paint, bound=0.87, lipschitz=1.1, gloss=Gloss(0.8, 90.0, mirrored=0.08))
