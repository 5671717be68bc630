"""Samplers: where on its ray an interval may be."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.core.ray_intervals import RayIntervals
from idr_neus_plugins.fields.component import ModelComponent
from idr_neus_plugins.fields.geometry import GeometryField
from idr_neus_plugins.laws.law import Law


class Sampler(ModelComponent):
    """Cuts rays into intervals; random while training, the same every time in evaluation."""

    def forward(
        self, origins: Float[Tensor, "rays 3"], directions: Float[Tensor, "rays 3"], geometry: GeometryField
    ) -> RayIntervals:
        """Intervals in scene units along unit ``directions``. A ray that meets nothing gets none."""
        raise NotImplementedError

    def readouts(self) -> dict[str, Tensor]:
        """Scalars worth watching while training, by name."""
        return {}


@dataclass
class SamplerConfig:
    """Base of the samplers' configurations."""

    def setup(self, region: Float[Tensor, "2 3"], law: Law | None = None) -> Sampler:
        """Builds the sampler for a region of interest (its lowest and highest corner, scene units).

        Args:
            law: what makes the intervals opaque, for samplers that place them by it; the others do not ask.
        """
        raise NotImplementedError
