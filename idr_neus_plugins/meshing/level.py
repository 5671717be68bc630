"""Another level of a field than zero: densities, and offsets of a surface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jaxtyping import Float
from torch import Tensor

if TYPE_CHECKING:
    from idr_neus_plugins.meshing.build import Surface


class AtLevel:
    """The surface where a field has a given value, as a surface in its own right."""

    def __init__(self, field: Surface, level: float) -> None:
        self.field, self.level = field, level
        self.region, self.world_from_scene = field.region, field.world_from_scene

    def sdf(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
        return self.field.sdf(positions) - self.level

    def surface_normals(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, "points 3"]:
        return self.field.surface_normals(positions)

    def surface_colors(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, "points 3"]:
        return self.field.surface_colors(positions)

    def surface_radiance(
        self, positions: Float[Tensor, "points 3"], directions: Float[Tensor, "points 3"]
    ) -> Float[Tensor, "points 3"]:
        return self.field.surface_radiance(positions, directions)
