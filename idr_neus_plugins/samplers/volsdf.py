"""VolSDF's sampler: as many intervals as it takes to know the ray's opacity to a given error."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.core.error_bound import opacity_error_bound, optical_depth, smallest_beta, sufficient_beta
from idr_neus_plugins.core.intersection import ray_sphere
from idr_neus_plugins.core.placement import inverse_cdf, jitter, merge, uniform_edges
from idr_neus_plugins.core.ray_intervals import RayIntervals
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.fields.geometry import GeometryField
from idr_neus_plugins.laws.law import Law
from idr_neus_plugins.laws.volsdf import VolsdfLaw
from idr_neus_plugins.samplers.sampler import Sampler, SamplerConfig


@dataclass
class VolsdfSamplerConfig(SamplerConfig):
    """The released settings of VolSDF."""

    coarse: int = 128
    """Even intervals at first, and the number added in every round."""
    rounds: int = 5
    """At most so many times intervals are added where the bound on the error is largest."""
    epsilon: float = 0.1
    """Error of the opacity that is good enough."""
    fine: int = 64
    """Samples drawn from the opacity in the end."""
    extra: int = 32
    """Even ones besides, for what the opacity does not show yet."""

    def setup(self, region: Float[Tensor, "2 3"], law: Law | None = None) -> VolsdfSampler:
        if not isinstance(law, VolsdfLaw):
            raise UserError(
                "VolSDF's sampler bounds the error of VolSDF's law; give the renderer a VolsdfLawConfig too."
            )
        return VolsdfSampler(self, law)


class VolsdfSampler(Sampler):
    """Samples between the two intersections with the unit sphere by algorithm 1 of VolSDF."""

    def __init__(self, config: VolsdfSamplerConfig, law: VolsdfLaw) -> None:
        super().__init__()
        self.config = config
        self._beta = lambda: law.beta  # a bound module would be registered, and saved, twice

    @torch.no_grad()
    def forward(
        self, origins: Float[Tensor, "rays 3"], directions: Float[Tensor, "rays 3"], geometry: GeometryField
    ) -> RayIntervals:
        near, far, hits = ray_sphere(origins, directions)

        def sdf_at(distances: Tensor) -> Tensor:
            positions = origins[hits][:, None] + distances[..., None] * directions[hits][:, None]
            return geometry.sdf(positions.view(-1, 3)).view(distances.shape)

        even = uniform_edges(near[hits], far[hits], self.config.coarse)
        edges, sdf, beta = self._bounded(jitter(even) if self.training else even, sdf_at)
        fine = inverse_cdf(edges, _masses(edges, sdf, beta), self.config.fine)
        extra = uniform_edges(near[hits], far[hits], self.config.extra)
        drawn = torch.cat([fine, jitter(extra) if self.training else extra], dim=1)
        return RayIntervals.from_edges(drawn.sort(dim=1).values, hits)

    def _bounded(self, edges: Tensor, sdf_at) -> tuple[Tensor, Tensor, Float[Tensor, "rays 1"]]:
        """Borders with their sdf, and the beta per ray for which the opacity over them is known well enough."""
        config = self.config
        sdf, wanted = sdf_at(edges), self._beta().to(edges).expand(len(edges), 1)
        for round_ in range(config.rounds + 1):
            bound = partial(opacity_error_bound, edges, sdf)
            sufficient = torch.maximum(sufficient_beta(edges, config.epsilon), wanted)
            beta = smallest_beta(bound, wanted, sufficient, config.epsilon)
            if round_ == config.rounds or bool((beta <= wanted).all()):
                break
            added = inverse_cdf(edges, bound(beta), config.coarse)
            edges, sdf = merge(edges, added, sdf, sdf_at(added))
        return edges, sdf, beta


def _masses(
    edges: Float[Tensor, "rays edges"], sdf: Float[Tensor, "rays edges"], beta: Float[Tensor, "rays 1"]
) -> Float[Tensor, "rays intervals"]:
    """Opacity that each interval adds."""
    return -torch.exp(-optical_depth(edges, sdf, beta)).diff(dim=1)
