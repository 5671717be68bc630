"""Surface rendering: one point per ray, differentiable by the implicit function theorem (IDR, Yariv et al. 2020)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from idr_neus_plugins.core.implicit import implicit_points
from idr_neus_plugins.core.schedules import step_decay
from idr_neus_plugins.core.tracing import TracedRays
from idr_neus_plugins.fields.geometry import GeometryField
from idr_neus_plugins.fields.radiance import RadianceField
from idr_neus_plugins.renderers.renderer import RenderedRays, Renderer, RendererConfig
from idr_neus_plugins.samplers.tracer import SphereTracerConfig, TracerConfig


@dataclass
class SurfaceRendererConfig(RendererConfig):
    """The released settings of IDR."""

    tracer: TracerConfig = field(default_factory=SphereTracerConfig)
    """How the surface is found on a ray."""
    alpha: float = 50.0
    """Sharpness of the soft silhouette at the start, 1 / scene unit ..."""
    alpha_doublings: tuple[float, ...] = (0.125, 0.25, 0.375, 0.5, 0.625)
    """... and the progress at which it doubles."""
    eikonal_in_region: float = 0.5
    """Points for the eikonal loss drawn evenly from the region, per ray."""
    eikonal_spread: float = 0.0
    """Scene units by which the surface points are scattered for the eikonal loss; 0: they are taken as they are."""

    def setup(self, geometry: GeometryField, region: Float[Tensor, "2 3"]) -> SurfaceRenderer:
        return SurfaceRenderer(self, region)


class SurfaceRenderer(Renderer):
    """The tracer's point, made differentiable, and its colour. While training also what IDR's losses want."""

    region: Float[Tensor, "2 3"]

    def __init__(self, config: SurfaceRendererConfig, region: Float[Tensor, "2 3"]) -> None:
        super().__init__()
        self.config = config
        self.tracer = config.tracer.setup(region)
        self.register_buffer("region", region.clone(), persistent=False)
        self.alpha = config.alpha

    def set_progress(self, progress: float) -> None:
        self.tracer.set_progress(progress)
        self.alpha = self.config.alpha * step_decay(progress, self.config.alpha_doublings, factor=2.0)

    def param_groups(self) -> dict[str, list[nn.Parameter]]:
        return {name: group for name, group in self.tracer.param_groups().items() if group}

    def forward(
        self,
        origins: Float[Tensor, "rays 3"],
        directions: Float[Tensor, "rays 3"],
        geometry: GeometryField,
        radiance: RadianceField,
    ) -> RenderedRays:
        traced = self.tracer(origins.detach(), directions.detach(), geometry, find_lowest=self.training)
        rays = render_surface(origins, directions, traced, geometry, radiance)
        if not self.training:
            return rays
        return replace(rays, for_losses=self._for_losses(origins, directions, traced, geometry))

    def _for_losses(
        self, origins: Tensor, directions: Tensor, traced: TracedRays, geometry: GeometryField
    ) -> dict[str, Tensor]:
        assert traced.lowest is not None
        lowest = geometry.sdf(origins + traced.lowest[:, None] * directions)
        points = self._eikonal_points(origins, directions, traced)
        return {
            "on_surface": traced.on_surface[:, None].to(origins),
            "lowest_sdf": lowest[:, None],
            "mask_alpha": origins.new_tensor(self.alpha),
            "gradients": geometry(points).gradients,
        }

    @torch.no_grad()
    def _eikonal_points(self, origins: Tensor, directions: Tensor, traced: TracedRays) -> Float[Tensor, "points 3"]:
        """Points drawn evenly from the region, and the surface points."""
        count = round(self.config.eikonal_in_region * len(origins))
        low, high = self.region
        anywhere = low + (high - low) * torch.rand(count, 3, device=origins.device)
        on = traced.on_surface
        surface = origins[on] + traced.distances[on, None] * directions[on]
        scattered = surface + self.config.eikonal_spread * torch.randn_like(surface)
        return torch.cat([anywhere.to(surface), scattered])


def render_surface(
    origins: Float[Tensor, "rays 3"],
    directions: Float[Tensor, "rays 3"],
    traced: TracedRays,
    geometry: GeometryField,
    radiance: RadianceField,
) -> RenderedRays:
    """Renders rays with unit ``directions`` from where the tracer met the solid.

    With gradients enabled, colours and normals are differentiable through the geometry, the radiance and, where they
    want gradients, ``origins`` and ``directions`` (IDR section 3.1). Depth and accumulation are not.
    """
    solid = traced.solid.nonzero().squeeze(1)
    views, distances = directions[solid], traced.distances[solid]
    points = _surface_points(origins[solid], views, distances, geometry)
    output = geometry(points)
    normals = functional.normalize(output.gradients, dim=-1)
    colors = radiance(points, normals, views, output.features)

    def spread(values: Tensor) -> Tensor:
        empty = values.new_zeros(len(origins), values.shape[1])
        return empty.index_put((solid,), values)

    return RenderedRays(
        rgb=spread(colors),
        accumulation=traced.solid[:, None].to(origins),
        depth=spread(distances[:, None]),
        normals=spread(normals),
    )


def _surface_points(
    origins: Tensor, directions: Tensor, distances: Tensor, geometry: GeometryField
) -> Float[Tensor, "rays 3"]:
    points = origins + distances[:, None] * directions
    if not torch.is_grad_enabled():
        return points
    output = geometry(points)
    slopes = (output.gradients * directions).sum(dim=-1)
    return implicit_points(origins, directions, distances, output.sdf, slopes)
