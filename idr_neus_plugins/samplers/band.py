"""Intervals in the band around a grid's surface, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from idr_neus_plugins.core.ray_intervals import RayIntervals
from idr_neus_plugins.fields.grid.voxels import VoxelGeometry
from idr_neus_plugins.laws.law import Law
from idr_neus_plugins.samplers.sampler import Sampler, SamplerConfig


@dataclass
class BandSamplerConfig(SamplerConfig):
    step: float = 0.75
    """Length of an interval, voxels."""

    def setup(self, region: Float[Tensor, "2 3"], law: Law | None = None) -> BandSampler:
        return BandSampler(self)


class BandSampler(Sampler):
    """Even steps through the grid, kept where its band is; a ray ends where it is safely inside the solid."""

    def __init__(self, config: BandSamplerConfig) -> None:
        super().__init__()
        self.config = config

    @torch.no_grad()
    def forward(  # type: ignore[override]
        self, origins: Float[Tensor, "rays 3"], directions: Float[Tensor, "rays 3"], geometry: VoxelGeometry
    ) -> RayIntervals:
        shape, device = len(origins), origins.device
        jitter = torch.rand(shape, device=device) if self.training else torch.full((shape,), 0.5, device=device)
        middles, counts = geometry.march(origins, directions, jitter, self.config.step)
        half = 0.5 * self.config.step * geometry.lattice.voxel
        rays = torch.arange(shape, device=device).repeat_interleave(counts)
        return RayIntervals(rays, pad(counts.cumsum(0), (1, 0)), middles - half, middles + half)
