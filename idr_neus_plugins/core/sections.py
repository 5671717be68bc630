"""Sections of rays, packed: what a sampler hands to a renderer.

A ray is cut into *sections* ``[start, end]``; fields are asked at section midpoints (design: evaluating at the
starts would place the surface half a section too far). All sections of all rays lie one after another, ray by ray,
so that rays with many, few or no sections cost what they hold and nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from idr_neus_plugins.core.engine import fused


@dataclass(frozen=True)
class RaySections:
    """Packed sections, sorted by ray and by distance. Distances are along the unit ray, in scene units."""

    ray_indices: Int[Tensor, " sections"]
    """Ray that each section belongs to, ascending."""
    offsets: Int[Tensor, " rays_plus_one"]
    """Sections of ray r are ``offsets[r]:offsets[r + 1]``."""
    starts: Float[Tensor, " sections"]
    ends: Float[Tensor, " sections"]

    @classmethod
    def from_edges(
        cls, edges: Float[Tensor, "hit_rays samples_plus_one"], hits: Bool[Tensor, " rays"] | None = None
    ) -> RaySections:
        """Adjoining sections, equally many on every ray, from their sorted borders.

        Args:
            hits: rays that have sections at all, one row of ``edges`` for each; all of them when left out.
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
    def midpoints(self) -> Float[Tensor, " sections"]:
        return 0.5 * (self.starts + self.ends)

    @property
    def deltas(self) -> Float[Tensor, " sections"]:
        return self.ends - self.starts

    def positions(
        self, origins: Float[Tensor, "rays 3"], directions: Float[Tensor, "rays 3"]
    ) -> Float[Tensor, "sections 3"]:
        """Points at the midpoints, scene units."""
        fixed = (origins, directions, self.starts, self.ends)
        if not any(part.requires_grad for part in fixed) and (engine := fused(*fixed)) is not None:
            return engine.positions(origins, directions, self.ray_indices, self.starts, self.ends)
        return origins[self.ray_indices] + self.midpoints[:, None] * directions[self.ray_indices]
