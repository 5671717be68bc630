"""Sharpness of the NeuS opacity: how steeply it steps from free to solid at the surface."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from idr_neus_plugins.fields.geometry import GeometryField
from idr_neus_plugins.fields.part import Part


class Sharpness(Part):
    """inv_s, a positive scalar in 1 / scene unit."""

    group = "sharpness"

    def forward(self) -> Float[Tensor, ""]:
        raise NotImplementedError


@dataclass
class SharpnessConfig:
    """Base of the sharpness configurations."""

    def setup(self, geometry: GeometryField) -> Sharpness:
        """Builds the sharpness that goes with a geometry (a grid's may follow its voxel size)."""
        raise NotImplementedError


@dataclass
class LearnedSharpnessConfig(SharpnessConfig):
    """The released settings of NeuS."""

    start: float = 0.3
    """Initial exponent v."""

    def setup(self, geometry: GeometryField) -> LearnedSharpness:
        return LearnedSharpness(self.start)


class LearnedSharpness(Sharpness):
    """``inv_s = exp(10 v)`` with v learned (NeuS)."""

    def __init__(self, start: float) -> None:
        super().__init__()
        self.exponent = nn.Parameter(torch.tensor(start))

    def forward(self) -> Float[Tensor, ""]:
        return torch.exp(10.0 * self.exponent).clamp(1e-6, 1e6)
