"""A jug-like figure: two merged spheres with fine ribs, a handle (so the surface has a hole), a dent in the front, a
hollow on top and a flat foot; painted so that photo-consistency has much to hold on to."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.data.solids.paints import glazed
from idr_neus_plugins.data.solids.shapes import box, length, smooth_difference, smooth_union
from idr_neus_plugins.data.solids.solid import Solid


def sdf(points: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
    x, y, z = points.T.contiguous()
    body = smooth_union(length(x, y, z + 0.18) - 0.44, length(x, y, z - 0.34) - 0.30, 0.10)
    body = body + 0.008 * torch.sin(20.0 * z) * torch.sin(9.0 * x + 3.0 * y)
    handle = length(length(x - 0.42, z - 0.10) - 0.25, y) - 0.075
    dent, hollow = length(x + 0.15, y + 0.62, z + 0.10) - 0.30, length(x + 0.03, y, z - 0.74) - 0.22
    figure = smooth_union(body, handle, 0.04)
    figure = smooth_difference(smooth_difference(figure, dent, 0.03), hollow, 0.03)
    return smooth_union(figure, box((x, y, z + 0.60), (0.40, 0.32, 0.07), rounding=0.03), 0.03)


SOLID = Solid(sdf, glazed, bound=0.87, lipschitz=1.2)  # the ribs are what makes it exceed one
