"""Laws of opacity: what tells the volume methods apart. One file per law stands beside this one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.fields.component import ModelComponent
from idr_neus_plugins.fields.geometry import GeometryField, GeometryOutput

OpacityLaw = Callable[[GeometryOutput, Tensor, Tensor], Tensor]
"""(geometry at the midpoints, unit directions [intervals, 3], deltas [intervals]) -> alpha [intervals]."""


def own_surface(threshold: float | None) -> float:
    """The level of methods that have a surface. Raises UserError where a density is asked for all the same."""
    if threshold is not None:
        raise UserError(
            "This method has a surface of its own: leave --threshold away. It is for densities (nerf-fast)."
        )
    return 0.0


class Law(ModelComponent):
    """Alpha of intervals."""

    def forward(
        self, output: GeometryOutput, directions: Float[Tensor, "intervals 3"], deltas: Float[Tensor, " intervals"]
    ) -> Float[Tensor, " intervals"]:
        """From the geometry at the midpoints, unit viewing directions and lengths in scene units."""
        raise NotImplementedError

    def level(self, threshold: float | None) -> float:
        """The geometry's value on the surface; at a density that the user chooses, for laws that know no surface.

        Raises UserError where the law has a surface and a threshold is given, or the other way round.
        """
        return own_surface(threshold)

    def readouts(self) -> dict[str, Tensor]:
        """Scalars worth watching while training, by name."""
        return {}


@dataclass
class LawConfig:
    """Base of the laws' configurations."""

    def setup(self, geometry: GeometryField) -> Law:
        """Builds the law that goes with a geometry."""
        raise NotImplementedError
