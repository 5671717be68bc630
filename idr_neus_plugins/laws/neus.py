"""NeuS: opacity is the relative drop of a sigmoid of the sdf along an interval."""

from __future__ import annotations

from dataclasses import dataclass, field

from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.core.opacity import neus_opacity
from idr_neus_plugins.core.schedules import ramp
from idr_neus_plugins.fields.geometry import GeometryField, GeometryOutput
from idr_neus_plugins.fields.sharpness import LearnedSharpnessConfig, SharpnessConfig
from idr_neus_plugins.laws.law import Law, LawConfig


@dataclass
class NeusLawConfig(LawConfig):
    """NeuS's opacity."""

    sharpness: SharpnessConfig = field(default_factory=LearnedSharpnessConfig)
    """Where inv_s comes from."""
    anneal_end: float = 0.0
    """Share of the training after which only surfaces that face the camera are opaque; 0: from the start."""

    def setup(self, geometry: GeometryField) -> NeusLaw:
        return NeusLaw(self, geometry)


class NeusLaw(Law):
    """The density that is unbiased and aware of occlusion (NeuS section 3.1)."""

    def __init__(self, config: NeusLawConfig, geometry: GeometryField) -> None:
        super().__init__()
        self.config = config
        self.sharpness = config.sharpness.setup(geometry)
        self.anneal = 1.0

    def set_progress(self, progress: float) -> None:
        self.sharpness.set_progress(progress)
        self.anneal = ramp(progress, self.config.anneal_end)

    def param_groups(self) -> dict:
        return self.sharpness.param_groups()

    def readouts(self) -> dict[str, Tensor]:
        return {"inv_s": self.sharpness().detach()}

    def forward(
        self, output: GeometryOutput, directions: Float[Tensor, "intervals 3"], deltas: Float[Tensor, " intervals"]
    ) -> Float[Tensor, " intervals"]:
        return neus_opacity(output.sdf, output.gradients, directions, deltas, self.sharpness(), self.anneal)
