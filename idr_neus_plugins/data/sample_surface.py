"""A sample scene's solid as a surface: exact answers to what is asked of a reconstruction."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize

from idr_neus_plugins.core.surface import Surface, SurfaceHits, trace_surface
from idr_neus_plugins.data.sample_camera import appearance
from idr_neus_plugins.data.sample_scene import WORLD_FROM_SCENE
from idr_neus_plugins.data.solids import solid_named


class SampleSurface(Surface):
    """See the protocol for shapes, units and frame; ``sdf`` is a distance near the surface only."""

    def __init__(self, solid: str = "jug") -> None:
        self.solid = solid_named(solid)
        self.region = torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]])
        self.world_from_scene = torch.from_numpy(WORLD_FROM_SCENE)

    def sdf(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
        return self.solid.sdf(positions)

    def normals(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, "points 3"]:
        return normalize(self.solid.gradients(positions), dim=-1)

    def colors(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, "points 3"]:
        return appearance(self.solid, positions, -self.normals(positions))

    def radiance(
        self, positions: Float[Tensor, "points 3"], directions: Float[Tensor, "points 3"]
    ) -> Float[Tensor, "points 3"]:
        return appearance(self.solid, positions, directions)

    def trace(self, origins: Float[Tensor, "rays 3"], directions: Float[Tensor, "rays 3"]) -> SurfaceHits:
        return trace_surface(self, origins, directions, self.solid.lipschitz)
