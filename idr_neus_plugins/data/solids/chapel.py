"""A chapel: courses of bricks and a tiled roof, whose relief is a few pixels wide, beside flat plain panels; a passage
leads through it (so the surface has a hole).

What irons noise must not iron the bricks, and what keeps the bricks must not crumple the panels.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.data.solids.paints import between, noise
from idr_neus_plugins.data.solids.shapes import box, smooth_difference, smooth_union
from idr_neus_plugins.data.solids.solid import Solid

COURSE, BRICK, JOINT, DEPTH = 0.07, 0.16, 0.016, 0.009
"""Height of a course, length of a brick, half width and depth of the joints between."""
TILE, RIB, RISE = 0.11, 0.09, 0.009
"""Of the roof's tiles: length down the slope, width along the ridge, height of the waves."""
PITCH = math.radians(42.0)
WALL = (0.44, 0.34, 0.34)
"""Half sizes of the walls' box."""
PASSAGE = 0.10
"""Half width."""
BRICKS, MORTAR, PLASTER, SLATE = (0.62, 0.33, 0.24), (0.72, 0.68, 0.60), (0.80, 0.74, 0.62), (0.30, 0.34, 0.42)


def sdf(points: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
    x, y, z = _placed(points)
    walls = box((x, y, z + 0.24), WALL, rounding=0.02) + DEPTH * _joints(x, y, z)
    walls = smooth_difference(walls, _panels(x, y, z), 0.01)
    passage = box((x, z + 0.44), (PASSAGE, 0.20), rounding=0.09)
    house = smooth_difference(smooth_union(walls, _roof(x, y, z), 0.01), passage, 0.015)
    return smooth_union(house, box((x, y, z + 0.59), (0.47, 0.38, 0.04), rounding=0.015), 0.01)


def _placed(points: Float[Tensor, "points 3"]) -> tuple[Tensor, Tensor, Tensor]:
    """Moved, so that the middle of the chapel is at the origin."""
    x, y, z = points.T.contiguous()
    return x, y, z - 0.085


def _joints(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """1 in the middle of the joints between bricks, 0 on their faces; every other course is shifted by half a brick.

    Courses run around the corners: along a wall, x + y grows as fast as x or y.
    """
    shift = 0.5 * BRICK * torch.remainder(torch.floor(z / COURSE), 2.0)
    across = torch.minimum(_to_multiple(z, COURSE), _to_multiple(x + y + shift, BRICK))
    return (1.0 - (across / JOINT).square()).clamp(min=0.0).square()


def _to_multiple(value: Tensor, period: float) -> Tensor:
    return (value - period * torch.round(value / period)).abs()


def _panels(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """Recesses 0.03 deep: on either side of the passage's mouths, and one in each end."""
    sides = box((x.abs() - 0.27, y.abs() - WALL[1], z + 0.22), (0.11, 0.03, 0.15), 0.008)
    return torch.minimum(sides, box((x.abs() - WALL[0], y, z + 0.22), (0.03, 0.17, 0.15), 0.008))


def _roof(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """A gable along x: two slopes in waves over a flat ceiling."""
    above = z - 0.46
    down = y.abs() * math.cos(PITCH) - above * math.sin(PITCH)
    waves = torch.cos(2 * math.pi / TILE * down) + torch.cos(2 * math.pi / RIB * x)
    slopes = y.abs() * math.sin(PITCH) + above * math.cos(PITCH) + 0.5 * RISE * waves
    ends = torch.maximum(x.abs() - 0.49, 0.07 - z)
    return smooth_difference(slopes, -ends, 0.015)


def paint(points: Float[Tensor, "points 3"]) -> Float[Tensor, "points 3"]:
    """Bricks and slates in many colours; plaster with stains that are hardly seen."""
    x, y, z = _placed(points)
    broad, fine, finest = (noise(points, frequency) for frequency in (3.0, 24.0, 50.0))
    color = between(BRICKS, MORTAR, _joints(x, y, z)[:, None])
    color = between(color, SLATE, torch.sigmoid(60.0 * (z[:, None] - 0.10)))
    color = color * (0.70 + 0.6 * fine) + 0.2 * (finest - 0.5)
    plaster = torch.as_tensor(PLASTER).to(points) + 0.04 * (broad - 0.5)
    recess = torch.sigmoid(-800.0 * (_panels(x, y, z)[:, None] - 0.008))
    return between(color, plaster, recess).clamp(0.04, 0.96)


SOLID = Solid(
    sdf, paint, bound=0.83, lipschitz=2.2, relief=2.2 * DEPTH, samples=320
)  # the joints are what makes it exceed one
