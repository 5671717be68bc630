"""Volume rendering of a surface: the same for every geometry, law and sampler."""

from __future__ import annotations

from dataclasses import dataclass, field

from jaxtyping import Float
from torch import Tensor, nn

from idr_neus_plugins.core.compositing import accumulate, render_weights, unit
from idr_neus_plugins.core.ray_intervals import RayIntervals
from idr_neus_plugins.fields.component import ModelComponent
from idr_neus_plugins.fields.geometry import GeometryField
from idr_neus_plugins.fields.radiance import RadianceField
from idr_neus_plugins.laws.law import LawConfig, OpacityLaw
from idr_neus_plugins.laws.neus import NeusLawConfig
from idr_neus_plugins.renderers.renderer import RenderedRays, Renderer, RendererConfig
from idr_neus_plugins.samplers.neus import NeusSamplerConfig
from idr_neus_plugins.samplers.sampler import SamplerConfig


@dataclass
class VolumeRendererConfig(RendererConfig):
    """The defaults are NeuS."""

    sampler: SamplerConfig = field(default_factory=NeusSamplerConfig)
    """Where on a ray the surface is looked for."""
    law: LawConfig = field(default_factory=NeusLawConfig)
    """How sdf becomes opacity."""
    weight_threshold: float = 0.0
    """Colour and normal are asked only where an interval weighs more than this in its pixel; 0: everywhere."""

    def setup(self, geometry: GeometryField, region: Float[Tensor, "2 3"]) -> VolumeRenderer:
        return VolumeRenderer(self, geometry, region)


class VolumeRenderer(Renderer):
    """Intervals from the sampler, made opaque by the law, gathered along the ray."""

    def __init__(self, config: VolumeRendererConfig, geometry: GeometryField, region: Float[Tensor, "2 3"]) -> None:
        super().__init__()
        self.weight_threshold = config.weight_threshold
        self.law = config.law.setup(geometry)
        self.sampler = config.sampler.setup(region, self.law)

    @property
    def components(self) -> list[ModelComponent]:
        return [self.sampler, self.law]

    def set_progress(self, progress: float) -> None:
        for part in self.components:
            part.set_progress(progress)

    def param_groups(self) -> dict[str, list[nn.Parameter]]:
        return {name: group for part in self.components for name, group in part.param_groups().items() if group}

    def level(self, threshold: float | None) -> float:
        return self.law.level(threshold)

    def readouts(self) -> dict[str, Tensor]:
        return self.law.readouts() | self.sampler.readouts()

    def forward(
        self,
        origins: Float[Tensor, "rays 3"],
        directions: Float[Tensor, "rays 3"],
        geometry: GeometryField,
        radiance: RadianceField,
    ) -> RenderedRays:
        intervals = self.sampler(origins, directions, geometry)
        return render_volume(origins, directions, intervals, geometry, radiance, self.law, self.weight_threshold)


def render_volume(
    origins: Float[Tensor, "rays 3"],
    directions: Float[Tensor, "rays 3"],
    intervals: RayIntervals,
    geometry: GeometryField,
    radiance: RadianceField,
    law: OpacityLaw,
    weight_threshold: float = 0.0,
) -> RenderedRays:
    """Renders rays with unit ``directions``, asking the fields at the midpoints of intervals.

    Args:
        weight_threshold: colour and normal are asked only of intervals that weigh more in their pixel; 0: of all.
    """
    positions = intervals.positions(origins, directions)
    views = directions.index_select(0, intervals.ray_indices)
    output = geometry(positions)
    weights = render_weights(law(output, views, intervals.deltas), intervals.offsets)
    seen = (weights > weight_threshold).nonzero().squeeze(1) if weight_threshold > 0.0 else None
    normals = unit(output.gradients, seen)
    asked = (positions, views) if seen is None else (positions.index_select(0, seen), views.index_select(0, seen))
    features = output.features if seen is None or output.features is None else output.features[seen]
    colors = radiance(asked[0], normals, asked[1], features).to(positions.dtype)

    def gather(values: Tensor | None, of: Tensor | None = None) -> Tensor:
        return accumulate(weights, values, intervals.ray_indices, intervals.num_rays, of)

    accumulation = gather(None)
    return RenderedRays(
        rgb=gather(colors, seen),
        accumulation=accumulation,
        depth=gather(intervals.midpoints[:, None]) / accumulation.clamp(min=1e-6),
        normals=gather(normals, seen),
        for_losses={"gradients": output.gradients},
    )
