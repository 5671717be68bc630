"""Renderers: rays and fields in, pixels out. A volume and a surface renderer answer alike."""

from __future__ import annotations

from dataclasses import dataclass, field

from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.fields.component import ModelComponent
from idr_neus_plugins.fields.geometry import GeometryField
from idr_neus_plugins.fields.radiance import RadianceField
from idr_neus_plugins.laws.law import own_surface


@dataclass(frozen=True)
class RenderedRays:
    rgb: Float[Tensor, "rays 3"]
    """Colour of what was met, not of what is behind: multiplied by ``accumulation`` already."""
    accumulation: Float[Tensor, "rays 1"]
    """Opacity of the ray."""
    depth: Float[Tensor, "rays 1"]
    """Mean distance along the unit ray, scene units; 0 where nothing was met."""
    normals: Float[Tensor, "rays 3"]
    """Weighted sum of unit normals; short where little was met."""
    for_losses: dict[str, Tensor] = field(default_factory=dict)
    """What the losses want besides, by the names under which they ask for it; while training."""
    further_rgb: dict[str, Float[Tensor, "rays 4"]] = field(default_factory=dict)
    """Other ways to see the same rays, by the names of the model's outputs: colour as ``rgb``, and opacity."""

    def over(self, background: Float[Tensor, "rays 3"]) -> Float[Tensor, "rays 3"]:
        """Colour with what is behind showing through the left transmittance."""
        return self.rgb + (1.0 - self.accumulation) * background


class Renderer(ModelComponent):
    def forward(
        self,
        origins: Float[Tensor, "rays 3"],
        directions: Float[Tensor, "rays 3"],
        geometry: GeometryField,
        radiance: RadianceField,
    ) -> RenderedRays:
        """Renders rays with unit ``directions``."""
        raise NotImplementedError

    def level(self, threshold: float | None) -> float:
        """The geometry's value on the surface; see ``Law.level``."""
        return own_surface(threshold)

    def readouts(self) -> dict[str, Tensor]:
        """Scalars worth watching while training, by name (NeuS: ``inv_s``)."""
        return {}


@dataclass
class RendererConfig:
    """Base of the renderers' configurations."""

    def setup(self, geometry: GeometryField, region: Float[Tensor, "2 3"]) -> Renderer:
        """Builds the renderer that goes with a geometry and a region of interest (lowest and highest corner)."""
        raise NotImplementedError
