"""Colours that are the same at every call: noise and mixtures."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import grid_sample

Color = Tensor | tuple[float, float, float]

CREAM, TERRACOTTA, BLUE, SPECKLE = (0.86, 0.78, 0.60), (0.70, 0.30, 0.18), (0.10, 0.24, 0.52), (0.12, 0.10, 0.09)


def glazed(points: Float[Tensor, "points 3"]) -> Float[Tensor, "points 3"]:
    """Glazes in large patches, bent stripes, stains, and speckles of 0.02 scene units: much to hold on to."""
    broad, middle, fine, finest = (noise(points, frequency) for frequency in (2.5, 9.0, 26.0, 55.0))
    glaze = between(CREAM, TERRACOTTA, torch.sigmoid(14.0 * (broad[:, :1] - 0.5)))
    waves = torch.sin(16.0 * (points[:, 2:] + 0.6 * broad[:, 1:2] + 0.3 * points[:, :1]))
    glaze = between(glaze, BLUE, torch.sigmoid(6.0 * (waves - 0.45)))
    speckles = torch.sigmoid(16.0 * (fine[:, :1] - 0.62))
    color = between(glaze, SPECKLE, 0.75 * speckles) + 0.35 * (middle - 0.5) + 0.30 * (finest[:, :1] - 0.5)
    return color.clamp(0.04, 0.96)


def between(start: Color, end: Color, share: Float[Tensor, "points 1"]) -> Float[Tensor, "points 3"]:
    start, end = (torch.as_tensor(color).to(share) for color in (start, end))
    return start + (end - start) * share


def noise(points: Float[Tensor, "points 3"], frequency: float) -> Float[Tensor, "points 3"]:
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
