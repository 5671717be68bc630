"""VolSDF: opacity from a density that is the Laplace distribution function of the sdf."""

from __future__ import annotations

from dataclasses import dataclass, field

from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.core.opacity import density_alpha, laplace_density
from idr_neus_plugins.fields.geometry import GeometryField, GeometryOutput
from idr_neus_plugins.fields.sharpness import LearnedScaleConfig, SharpnessConfig
from idr_neus_plugins.laws.law import Law, LawConfig


@dataclass
class VolsdfLawConfig(LawConfig):
    """VolSDF's opacity."""

    sharpness: SharpnessConfig = field(default_factory=LearnedScaleConfig)
    """Where beta = 1 / inv_s comes from."""

    def setup(self, geometry: GeometryField) -> VolsdfLaw:
        return VolsdfLaw(self, geometry)


class VolsdfLaw(Law):
    """Density 1 / beta in the solid, falling off exponentially within beta outside of it (VolSDF section 3.1)."""

    def __init__(self, config: VolsdfLawConfig, geometry: GeometryField) -> None:
        super().__init__()
        self.sharpness = config.sharpness.setup(geometry)

    @property
    def beta(self) -> Float[Tensor, ""]:
        """Scene units."""
        return 1.0 / self.sharpness()

    def set_progress(self, progress: float) -> None:
        self.sharpness.set_progress(progress)

    def param_groups(self) -> dict:
        return self.sharpness.param_groups()

    def readouts(self) -> dict[str, Tensor]:
        return {"beta": self.beta.detach()}

    def forward(
        self, output: GeometryOutput, directions: Float[Tensor, "intervals 3"], deltas: Float[Tensor, " intervals"]
    ) -> Float[Tensor, " intervals"]:
        return density_alpha(laplace_density(output.sdf, self.beta), deltas)
