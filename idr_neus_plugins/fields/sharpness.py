"""Sharpness of a law of opacity: how steeply it steps from free to solid at the surface."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from idr_neus_plugins.fields.component import ModelComponent
from idr_neus_plugins.fields.geometry import GeometryField


class Sharpness(ModelComponent):
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


@dataclass
class LearnedScaleConfig(SharpnessConfig):
    """The released settings of VolSDF."""

    start: float = 0.1
    """Initial beta, scene units."""
    floor: float = 1e-4
    """Added to it: beta stays above."""

    def setup(self, geometry: GeometryField) -> LearnedScale:
        return LearnedScale(self)


class LearnedScale(Sharpness):
    """``inv_s = 1 / beta`` with the width of the layer, ``beta = |b| + floor``, learned (VolSDF)."""

    def __init__(self, config: LearnedScaleConfig) -> None:
        super().__init__()
        self.floor = config.floor
        self.scale = nn.Parameter(torch.tensor(config.start))

    def forward(self) -> Float[Tensor, ""]:
        return 1.0 / (self.scale.abs() + self.floor)


@dataclass
class ScheduledSharpnessConfig(SharpnessConfig):
    """For trainings of any length: a learned sharpness needs tens of thousands of steps to rise."""

    start: float = 10.0
    """1 / scene unit: a tenth of the region is translucent and can still move."""
    end: float = 400.0
    """1 / scene unit."""

    def setup(self, geometry: GeometryField) -> ScheduledSharpness:
        return ScheduledSharpness(self)


class ScheduledSharpness(Sharpness):
    """``inv_s`` rises by the same factor in every equal share of the training."""

    def __init__(self, config: ScheduledSharpnessConfig) -> None:
        super().__init__()
        self.config = config
        self.inv_s = config.start

    def set_progress(self, progress: float) -> None:
        self.inv_s = self.config.start * (self.config.end / self.config.start) ** progress

    def forward(self) -> Float[Tensor, ""]:
        return torch.tensor(self.inv_s)


@dataclass
class FixedSharpnessConfig(SharpnessConfig):
    inv_s: float = 10.0
    """1 / scene unit."""

    def setup(self, geometry: GeometryField) -> FixedSharpness:
        return FixedSharpness(self.inv_s)


class FixedSharpness(Sharpness):
    """Constant: for laws whose geometry need not be a distance and steepens by itself (UNISURF)."""

    def __init__(self, inv_s: float) -> None:
        super().__init__()
        self.inv_s = inv_s

    def forward(self) -> Float[Tensor, ""]:
        return torch.tensor(self.inv_s)
