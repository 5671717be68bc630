"""Geometry fields: the implicit surface, its gradient, and what they tell the radiance field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.fields.component import ModelComponent


class GeometryOutput(NamedTuple):
    sdf: Float[Tensor, " points"]
    """Scene units, negative inside."""
    gradients: Float[Tensor, "points 3"]
    """Of the sdf, not normalised."""
    features: Float[Tensor, "points features"] | None
    """For the radiance field; None where the geometry has none to offer."""


class GeometryField(ModelComponent):
    """f(x). Values, gradients and features come in closed form: no autograd is needed to obtain a gradient."""

    group = "geometry"
    num_features: int = 0
    """Width of ``features``, 0 for None."""

    def forward(self, positions: Float[Tensor, "points 3"]) -> GeometryOutput:
        """Value, gradient and feature at scene positions."""
        raise NotImplementedError

    def sdf(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
        """Value alone, where that is cheaper."""
        return self(positions).sdf


@dataclass
class GeometryConfig:
    """Base of the geometries' configurations."""

    def setup(self, region: Float[Tensor, "2 3"]) -> GeometryField:
        """Builds the field for a region of interest (its lowest and highest corner, scene units)."""
        raise NotImplementedError
