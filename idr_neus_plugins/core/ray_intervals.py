"""Intervals of rays, packed: what a sampler hands to a renderer.

A ray is cut into *intervals* ``[start, end]``; fields are asked at interval midpoints (design: evaluating at the
starts would place the surface half an interval too far). All intervals of all rays lie one after another, ray by ray,
so that rays with many, few or no intervals cost what they hold and nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from idr_neus_plugins.core.engine import fused


@dataclass(frozen=True)
class RayIntervals:
    """Packed intervals, sorted by ray and by distance. Distances are along the unit ray, in scene units."""

    ray_indices: Int[Tensor, " intervals"]
    """Ray that each interval belongs to, ascending."""
    offsets: Int[Tensor, " rays_plus_one"]
    """Intervals of ray r are ``offsets[r]:offsets[r + 1]``."""
    starts: Float[Tensor, " intervals"]
    ends: Float[Tensor, " intervals"]

    @classmethod
    def from_edges(
        cls, edges: Float[Tensor, "hit_rays samples_plus_one"], hits: Bool[Tensor, " rays"] | None = None
    ) -> RayIntervals:
        """Adjoining intervals, equally many on every ray, from their sorted borders.

        Args:
            hits: rays that have intervals at all, one row of ``edges`` for each; all of them when left out.
        """
        samples = edges.shape[1] - 1
        if hits is None:
            hits = torch.ones(edges.shape[0], dtype=torch.bool, device=edges.device)
        offsets = functional.pad(hits.cumsum(0) * samples, (1, 0))
        ray_indices = hits.nonzero().squeeze(1).repeat_interleave(samples)
        return cls(ray_indices, offsets, edges[:, :-1].reshape(-1), edges[:, 1:].reshape(-1))

    @property
    def num_rays(self) -> int:
        return self.offsets.shape[0] - 1

    @property
    def midpoints(self) -> Float[Tensor, " intervals"]:
        return 0.5 * (self.starts + self.ends)

    @property
    def deltas(self) -> Float[Tensor, " intervals"]:
        return self.ends - self.starts

    def positions(
        self, origins: Float[Tensor, "rays 3"], directions: Float[Tensor, "rays 3"]
    ) -> Float[Tensor, "intervals 3"]:
        """Points at the midpoints, scene units."""
        fixed = (origins, directions, self.starts, self.ends)
        if not any(part.requires_grad for part in fixed) and (engine := fused(*fixed)) is not None:
            return engine.positions(origins, directions, self.ray_indices, self.starts, self.ends)
        return origins[self.ray_indices] + self.midpoints[:, None] * directions[self.ray_indices]
