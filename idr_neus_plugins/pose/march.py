"""What each ray finds of a shape: where it is closest to it or deepest in it, and where it first meets it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.pose.shape_grid import REACH, ShapeGrid

SAMPLES = 96
"""Along a ray, where no compiled kernel is at hand."""


class March(NamedTuple):
    """Places are multiples of the rays' directions; nothing in here is differentiable."""

    closest: Float[Tensor, "poses rays"]
    """Where the signed distance is smallest."""
    values: Float[Tensor, "poses rays"]
    """The signed distance there; of rays that pass the shape by that from the unit sphere."""
    met: Float[Tensor, "poses rays"]
    """Where the ray first meets the surface; infinite where it misses."""
    slopes: Float[Tensor, "poses rays"]
    """Change of the signed distance per multiple, there."""


def march(
    shape: ShapeGrid,
    origins: Float[Tensor, "poses 3"],
    directions: Float[Tensor, "poses rays 3"],
    deep: Float[Tensor, " poses"],
) -> March:
    """Rays of several cameras in the object frame, by a compiled kernel on CPUs.

    It does not look for the place of the smallest value once it is more than ``deep`` inside or outside.
    """
    if origins.device.type != "cpu":
        return march_reference(shape, origins, directions)
    from idr_neus_plugins.pose import march_kernel

    found = [np.empty(directions.shape[:2], np.float32) for _ in March._fields]
    arrays = [each.detach().float().contiguous().numpy() for each in (shape.sdf, origins, directions, deep)]
    march_kernel.march(arrays[0], REACH, *arrays[1:], *found)
    return March(*(torch.from_numpy(each).to(origins) for each in found))


@torch.no_grad()
def march_reference(
    shape: ShapeGrid, origins: Float[Tensor, "poses 3"], directions: Float[Tensor, "poses rays 3"]
) -> March:
    """The same with even steps through the sphere around the grid's middle."""
    squared = directions.square().sum(2)
    middle = -(origins[:, None] * directions).sum(2) / squared
    offset = (origins[:, None] + middle[..., None] * directions).square().sum(2)
    half = (REACH**2 - offset).clamp(min=1e-6).sqrt() / squared.sqrt()
    steps = torch.linspace(-1.0, 1.0, SAMPLES).to(origins)
    places = (middle[..., None] + half[..., None] * steps).clamp(min=1e-3)
    values = shape.distances(origins[:, None, None] + places[..., None] * directions[:, :, None])
    smallest, where = values.min(2, keepdim=True)
    closest = places.gather(2, where)[..., 0]
    enters = (values[..., 1:] < 0) & (values[..., :-1] >= 0)
    first = enters.float().argmax(2, keepdim=True)
    before, after = values[..., :-1].gather(2, first), values[..., 1:].gather(2, first)
    start, end = places[..., :-1].gather(2, first), places[..., 1:].gather(2, first)
    slopes = ((after - before) / (end - start))[..., 0]
    any_met = enters.any(2)
    met = torch.where(any_met, start[..., 0] - before[..., 0] / slopes, torch.inf)
    return March(closest, smallest[..., 0], met, torch.where(any_met, slopes, -1.0))
