"""Tracers: where a ray meets the surface. The counterpart of samplers for methods that render surfaces."""

from __future__ import annotations

from dataclasses import dataclass, field

from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.core.tracing import TracedRays, TracingSettings, trace_rays
from idr_neus_plugins.fields.component import ModelComponent
from idr_neus_plugins.fields.geometry import GeometryField


class Tracer(ModelComponent):
    """Finds the first surface on each ray. Nothing it returns has a derivative."""

    def forward(
        self,
        origins: Float[Tensor, "rays 3"],
        directions: Float[Tensor, "rays 3"],
        geometry: GeometryField,
        find_lowest: bool,
    ) -> TracedRays:
        """Status and distance along unit ``directions``.

        Args:
            find_lowest: also tell where the sdf is lowest on each ray, which the soft mask loss wants.
        """
        raise NotImplementedError


@dataclass
class TracerConfig:
    """Base of the tracers' configurations."""

    def setup(self, region: Float[Tensor, "2 3"]) -> Tracer:
        """Builds the tracer for a region of interest (its lowest and highest corner, scene units)."""
        raise NotImplementedError


@dataclass
class SphereTracerConfig(TracerConfig):
    """IDR's tracer, for any geometry that is roughly a distance."""

    settings: TracingSettings = field(default_factory=TracingSettings)

    def setup(self, region: Float[Tensor, "2 3"]) -> SphereTracer:
        return SphereTracer(self.settings)


class SphereTracer(Tracer):
    """Sphere tracing from both ends of the ray's part in the unit sphere, then a search (see ``core.tracing``)."""

    def __init__(self, settings: TracingSettings) -> None:
        super().__init__()
        self.settings = settings

    def forward(
        self,
        origins: Float[Tensor, "rays 3"],
        directions: Float[Tensor, "rays 3"],
        geometry: GeometryField,
        find_lowest: bool,
    ) -> TracedRays:
        return trace_rays(geometry.sdf, origins, directions, self.settings, find_lowest)
