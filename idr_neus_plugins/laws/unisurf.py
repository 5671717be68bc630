"""UNISURF: opacity is the occupancy itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.core.opacity import occupancy
from idr_neus_plugins.fields.geometry import GeometryField, GeometryOutput
from idr_neus_plugins.fields.sharpness import FixedSharpnessConfig, SharpnessConfig
from idr_neus_plugins.laws.law import Law, LawConfig


@dataclass
class UnisurfLawConfig(LawConfig):
    """UNISURF's opacity."""

    sharpness: SharpnessConfig = field(default_factory=FixedSharpnessConfig)
    """Logit of the occupancy per unit of the geometry's value; the released 10."""

    def setup(self, geometry: GeometryField) -> UnisurfLaw:
        return UnisurfLaw(self, geometry)


class UnisurfLaw(Law):
    """The occupancy at a sample, whatever the distance to the next one (UNISURF equation 6).

    How steep occupancy is therefore goes with how densely a ray is sampled.
    """

    def __init__(self, config: UnisurfLawConfig, geometry: GeometryField) -> None:
        super().__init__()
        self.sharpness = config.sharpness.setup(geometry)

    def set_progress(self, progress: float) -> None:
        self.sharpness.set_progress(progress)

    def param_groups(self) -> dict:
        return self.sharpness.param_groups()

    def readouts(self) -> dict[str, Tensor]:
        return {"inv_s": self.sharpness().detach()}

    def forward(
        self, output: GeometryOutput, directions: Float[Tensor, "sections 3"], deltas: Float[Tensor, " sections"]
    ) -> Float[Tensor, " sections"]:
        return occupancy(output.sdf, self.sharpness())
