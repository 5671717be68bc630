"""UNISURF's two renderings of the same fields: as a volume, and of the one point where the ray meets the surface."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.fields.geometry import GeometryField
from idr_neus_plugins.fields.radiance import RadianceField
from idr_neus_plugins.laws.law import LawConfig
from idr_neus_plugins.laws.unisurf import UnisurfLawConfig
from idr_neus_plugins.renderers.renderer import RenderedRays
from idr_neus_plugins.renderers.volume import VolumeRenderer, VolumeRendererConfig, render_volume
from idr_neus_plugins.samplers.sampler import SamplerConfig
from idr_neus_plugins.samplers.unisurf import SurfaceSampler, UnisurfSamplerConfig


@dataclass
class UnisurfRendererConfig(VolumeRendererConfig):
    """The released settings of UNISURF."""

    sampler: SamplerConfig = field(default_factory=UnisurfSamplerConfig)
    """Where on a ray the surface is looked for; one that knows where the ray meets it."""
    law: LawConfig = field(default_factory=UnisurfLawConfig)
    """How the geometry's value becomes opacity."""
    neighbourhood: float = 0.01
    """Normals are made alike within a cube of this edge length around surface points, scene units."""

    def setup(self, geometry: GeometryField, region: Float[Tensor, "2 3"]) -> UnisurfRenderer:
        return UnisurfRenderer(self, geometry, region)


class UnisurfRenderer(VolumeRenderer):
    """The volume rendering is trained; the surface rendering is the output ``surface_rgb`` (UNISURF equations 7 and 8).

    While training, the normals at the surface points and close by go to the loss ``normals`` as ``normal_pairs``.
    """

    def __init__(self, config: UnisurfRendererConfig, geometry: GeometryField, region: Float[Tensor, "2 3"]) -> None:
        super().__init__(config, geometry, region)
        self.neighbourhood = config.neighbourhood
        if not isinstance(self.sampler, SurfaceSampler):
            raise UserError("UNISURF's renderer needs a sampler that finds the surface: a Unisurf[Band]SamplerConfig.")

    def forward(
        self,
        origins: Float[Tensor, "rays 3"],
        directions: Float[Tensor, "rays 3"],
        geometry: GeometryField,
        radiance: RadianceField,
    ) -> RenderedRays:
        assert isinstance(self.sampler, SurfaceSampler)
        intervals, surface, met = self.sampler.place(origins, directions, geometry)
        rays = render_volume(origins, directions, intervals, geometry, radiance, self.law, self.weight_threshold)
        points, views = (origins + surface[:, None] * directions)[met], directions[met]
        if self.training:
            rays.for_losses["normal_pairs"] = self._normal_pairs(points, geometry)
        else:
            rays.further_rgb["surface_rgb"] = _shade(points, views, met, geometry, radiance)
        return rays

    def _normal_pairs(self, points: Tensor, geometry: GeometryField) -> Float[Tensor, "2 points 3"]:
        nearby = points + self.neighbourhood * (torch.rand_like(points) - 0.5)
        gradients = geometry(torch.cat([points, nearby])).gradients
        return functional.normalize(gradients, dim=-1).view(2, -1, 3)


def _shade(
    points: Float[Tensor, "met 3"],
    views: Float[Tensor, "met 3"],
    met: Tensor,
    geometry: GeometryField,
    radiance: RadianceField,
) -> Float[Tensor, "rays 4"]:
    """Colour of the surface points and opacity 1; zeros for rays that meet nothing."""
    output = geometry(points)
    colors = radiance(points, functional.normalize(output.gradients, dim=-1), views, output.features)
    shaded = points.new_zeros(len(met), 4)
    shaded[met] = torch.cat([colors, torch.ones_like(colors[:, :1])], dim=1)
    return shaded
