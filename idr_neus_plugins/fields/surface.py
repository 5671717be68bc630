"""A surface that consists of fields: what a run, a prediction and the viewer's snapshot have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize

from idr_neus_plugins.core.surface import Surface, SurfaceHits, trace_surface
from idr_neus_plugins.fields.geometry import GeometryField
from idr_neus_plugins.fields.radiance import RadianceField


@dataclass(frozen=True)
class FieldSurface(Surface):
    """Answers for the fields as they are when it is asked; see the protocol for shapes, units and frame."""

    geometry: GeometryField
    appearance: RadianceField | None
    """None: shape alone; colours must then not be asked for."""
    region: Float[Tensor, "2 3"]
    world_from_scene: Float[Tensor, "4 4"]
    level: float = 0.0
    """The geometry's value on the surface: 0, or that of a density."""
    tracer: Callable[[Tensor, Tensor], SurfaceHits] | None = None
    """Finds the surface as it is rendered; None: the zero level of the sdf."""

    @torch.no_grad()
    def sdf(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
        return self.geometry.sdf(positions) - self.level

    @torch.no_grad()
    def normals(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, "points 3"]:
        return normalize(self.geometry(positions).gradients, dim=-1)

    def colors(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, "points 3"]:
        return self._seen(positions, None)

    def radiance(
        self, positions: Float[Tensor, "points 3"], directions: Float[Tensor, "points 3"]
    ) -> Float[Tensor, "points 3"]:
        return self._seen(positions, directions)

    @torch.no_grad()
    def _seen(
        self, positions: Float[Tensor, "points 3"], directions: Float[Tensor, "points 3"] | None
    ) -> Float[Tensor, "points 3"]:
        assert self.appearance is not None, "the surface was made without colours"
        output = self.geometry(positions)
        normals = normalize(output.gradients, dim=-1)
        views = -normals if directions is None else directions
        return self.appearance(positions, normals, views, output.features).clamp(0.0, 1.0)

    @torch.no_grad()
    def trace(self, origins: Float[Tensor, "rays 3"], directions: Float[Tensor, "rays 3"]) -> SurfaceHits:
        return (self.tracer or (lambda *rays: trace_surface(self, *rays)))(origins, directions)
