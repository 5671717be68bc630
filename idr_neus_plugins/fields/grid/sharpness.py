"""The sharpness that a grid's schedule and resolution call for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.fields.grid.geometry import GridGeometry
from idr_neus_plugins.fields.sharpness import Sharpness, SharpnessConfig


@dataclass
class GridSharpnessConfig(SharpnessConfig):
    def setup(self, geometry: GridGeometry) -> GridSharpness:  # type: ignore[override]
        return GridSharpness(lambda: geometry.inv_s)


class GridSharpness(Sharpness):
    """Set, not learned: a learned sharpness runs ahead of a grid whose voxels cannot follow."""

    def __init__(self, inv_s: Callable[[], float]) -> None:
        super().__init__()
        self._inv_s = inv_s

    def forward(self) -> Float[Tensor, ""]:
        return torch.tensor(self._inv_s())
