"""NeuS's hierarchical sampler: even intervals first, then more of them where the surface seems to be."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.core.compositing import render_weights
from idr_neus_plugins.core.intersection import ray_sphere
from idr_neus_plugins.core.opacity import neus_alpha
from idr_neus_plugins.core.placement import inverse_cdf, jitter, merge, uniform_edges
from idr_neus_plugins.core.ray_intervals import RayIntervals
from idr_neus_plugins.fields.geometry import GeometryField
from idr_neus_plugins.laws.law import Law
from idr_neus_plugins.samplers.sampler import Sampler, SamplerConfig


@dataclass
class NeusSamplerConfig(SamplerConfig):
    """The released settings of NeuS."""

    coarse: int = 64
    """Even intervals on each ray."""
    fine: int = 64
    """Intervals added where the surface seems to be."""
    upsampling_steps: int = 4
    """Rounds in which the fine intervals are added."""
    first_inv_s: float = 64.0
    """Fixed sharpness of the first round; doubled in each further one."""

    def setup(self, region: Float[Tensor, "2 3"], law: Law | None = None) -> NeusSampler:
        return NeusSampler(self)


class NeusSampler(Sampler):
    """Samples between the two intersections with the unit sphere (NeuS section 3.3 and its released code)."""

    def __init__(self, config: NeusSamplerConfig) -> None:
        super().__init__()
        self.config = config

    @torch.no_grad()
    def forward(
        self, origins: Float[Tensor, "rays 3"], directions: Float[Tensor, "rays 3"], geometry: GeometryField
    ) -> RayIntervals:
        near, far, hits = ray_sphere(origins, directions)
        edges = uniform_edges(near[hits], far[hits], self.config.coarse)
        edges = jitter(edges) if self.training else edges
        return RayIntervals.from_edges(self._refine(edges, origins[hits], directions[hits], geometry), hits)

    def _refine(self, edges: Tensor, origins: Tensor, directions: Tensor, geometry: GeometryField) -> Tensor:
        def sdf_at(distances: Tensor) -> Tensor:
            positions = origins[:, None] + distances[..., None] * directions[:, None]
            return geometry.sdf(positions.view(-1, 3)).view(distances.shape)

        sdf = sdf_at(edges)
        added = self.config.fine // self.config.upsampling_steps
        for step in range(self.config.upsampling_steps):
            fresh = inverse_cdf(edges, interval_weights(edges, sdf, self.config.first_inv_s * 2**step), added)
            fresh_sdf = sdf_at(fresh) if step < self.config.upsampling_steps - 1 else torch.zeros_like(fresh)
            edges, sdf = merge(edges, fresh, sdf, fresh_sdf)
        return edges


def interval_weights(
    edges: Float[Tensor, "rays edges"], sdf: Float[Tensor, "rays edges"], inv_s: float
) -> Float[Tensor, "rays intervals"]:
    """Weights from sdf values at the borders of intervals, at a fixed sharpness.

    The slope is the steeper descent of an interval and the one before it, which keeps the estimate from missing a
    surface just behind a border.
    """
    deltas = edges.diff(dim=1)
    slopes = sdf.diff(dim=1) / (deltas + 1e-5)
    before = torch.cat([torch.zeros_like(slopes[:, :1]), slopes[:, :-1]], dim=1)
    cos = torch.minimum(slopes, before).clamp(-1e3, 0.0)
    middle = 0.5 * (sdf[:, 1:] + sdf[:, :-1])
    alpha = neus_alpha(middle.reshape(-1), cos.reshape(-1), deltas.reshape(-1), inv_s)
    offsets = torch.arange(edges.shape[0] + 1, device=edges.device) * deltas.shape[1]
    return render_weights(alpha, offsets).view(deltas.shape)
