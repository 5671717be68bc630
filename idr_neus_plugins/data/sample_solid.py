"""The solid of the sample scene: an exactly known shape with a paint that photo-consistency can hold on to.

A jug-like figure: two merged spheres with fine ribs, a handle (so the surface has a hole), a dent in the front, a
hollow on top and a flat foot. Scene units; z is up; all of it within ``BOUND`` of the origin.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import grid_sample

CREAM, TERRACOTTA, BLUE, SPECKLE = (0.86, 0.78, 0.60), (0.70, 0.30, 0.18), (0.10, 0.24, 0.52), (0.12, 0.10, 0.09)
Color = Tensor | tuple[float, float, float]

BOUND = 0.87
"""Radius of a sphere around the solid."""

LIPSCHITZ = 1.2
"""No change of ``solid_sdf`` is faster than this; the ribs are what makes it exceed one."""


def solid_sdf(points: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
    """Zero on the surface, negative inside; a lower bound of the distance once divided by ``LIPSCHITZ``."""
    x, y, z = points.T.contiguous()
    body = _smooth_union(_length(x, y, z + 0.18) - 0.44, _length(x, y, z - 0.34) - 0.30, 0.10)
    body = body + 0.008 * torch.sin(20.0 * z) * torch.sin(9.0 * x + 3.0 * y)
    handle = _length(_length(x - 0.42, z - 0.10) - 0.25, y) - 0.075
    dent, hollow = _length(x + 0.15, y + 0.62, z + 0.10) - 0.30, _length(x + 0.03, y, z - 0.74) - 0.22
    figure = _smooth_union(body, handle, 0.04)
    figure = _smooth_difference(_smooth_difference(figure, dent, 0.03), hollow, 0.03)
    return _smooth_union(figure, _box(x, y, z + 0.60, (0.40, 0.32, 0.07), rounding=0.03), 0.03)


def solid_gradients(points: Float[Tensor, "points 3"], step: float = 1e-3) -> Float[Tensor, "points 3"]:
    """Gradient of ``solid_sdf`` by differences over the corners of a tetrahedron."""
    corners = points.new_tensor([(1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)])
    differences = [corner * solid_sdf(points + step * corner)[:, None] for corner in corners]
    return torch.stack(differences).sum(0) / (4.0 * step)


def paint(points: Float[Tensor, "points 3"]) -> Float[Tensor, "points 3"]:
    """Diffuse colour in [0, 1]: glazes in large patches, bent stripes, stains, and speckles of 0.02 scene units."""
    broad, middle, fine, finest = (_noise(points, frequency) for frequency in (2.5, 9.0, 26.0, 55.0))
    glaze = _between(CREAM, TERRACOTTA, torch.sigmoid(14.0 * (broad[:, :1] - 0.5)))
    waves = torch.sin(16.0 * (points[:, 2:] + 0.6 * broad[:, 1:2] + 0.3 * points[:, :1]))
    glaze = _between(glaze, BLUE, torch.sigmoid(6.0 * (waves - 0.45)))
    speckles = torch.sigmoid(16.0 * (fine[:, :1] - 0.62))
    color = _between(glaze, SPECKLE, 0.75 * speckles) + 0.35 * (middle - 0.5) + 0.30 * (finest[:, :1] - 0.5)
    return color.clamp(0.04, 0.96)


def _between(start: Color, end: Color, share: Float[Tensor, "points 1"]) -> Float[Tensor, "points 3"]:
    start, end = (torch.as_tensor(color).to(share) for color in (start, end))
    return start + (end - start) * share


def _noise(points: Float[Tensor, "points 3"], frequency: float) -> Float[Tensor, "points 3"]:
    """Three channels of smoothly interpolated random values in [0, 1], one lattice value per ``1 / frequency``."""
    cells = 32
    place = torch.remainder(points * frequency, cells) / cells * 2.0 - 1.0
    values = grid_sample(_lattice(cells).to(points), place[None, None, None], align_corners=True)
    return values[0, :, 0, 0].T


@lru_cache(maxsize=1)
def _lattice(cells: int) -> Float[Tensor, "1 3 n n n"]:
    """Random values that repeat after ``cells``: the last layer is the first."""
    values = np.random.default_rng(7).random((3, cells, cells, cells), dtype=np.float32)
    return torch.from_numpy(np.pad(values, ((0, 0), (0, 1), (0, 1), (0, 1)), mode="wrap"))[None]


def _length(*parts: Tensor) -> Tensor:
    total = parts[0] * parts[0]
    for part in parts[1:]:
        total = torch.addcmul(total, part, part)
    return total.sqrt_()


def _box(x: Tensor, y: Tensor, z: Tensor, half_sizes: tuple[float, float, float], rounding: float) -> Tensor:
    beyond = [part.abs() - (half - rounding) for part, half in zip((x, y, z), half_sizes, strict=True)]
    inside = torch.maximum(torch.maximum(beyond[0], beyond[1]), beyond[2]).clamp_(max=0.0)
    return _length(*(part.clamp_(min=0.0) for part in beyond)) + inside - rounding


def _smooth_union(a: Tensor, b: Tensor, width: float) -> Tensor:
    """min(a, b), rounded where they differ by less than ``width``."""
    blend = (width - (a - b).abs()).clamp(min=0.0) / width
    return torch.minimum(a, b) - 0.25 * width * blend**2


def _smooth_difference(a: Tensor, b: Tensor, width: float) -> Tensor:
    return -_smooth_union(-a, b, width)
