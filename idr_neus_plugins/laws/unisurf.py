"""UNISURF: opacity is the occupancy itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.core.opacity import occupancy, occupancy_alpha
from idr_neus_plugins.fields.geometry import GeometryField, GeometryOutput
from idr_neus_plugins.fields.sharpness import FixedSharpnessConfig, SharpnessConfig
from idr_neus_plugins.laws.law import Law, LawConfig

UNBIASED_SPACING = 4.0 / 3.0
"""With it, the mean depth of a ray that meets a plane head-on is that of the plane, for any sharpness."""


@dataclass
class UnisurfLawConfig(LawConfig):
    """UNISURF's opacity."""

    sharpness: SharpnessConfig = field(default_factory=FixedSharpnessConfig)
    """Logit of the occupancy per unit of the geometry's value; the released 10."""
    spacing_in_s: Optional[float] = None  # noqa: UP045 - nerfstudio reads the annotations at run time
    """Distance of samples, in units of 1 / inv_s, for which the occupancy is their opacity; others are corrected for.
    None: it is whatever their distance, as published."""

    def setup(self, geometry: GeometryField) -> UnisurfLaw:
        return UnisurfLaw(self, geometry)


class UnisurfLaw(Law):
    """The occupancy at a sample is its opacity (UNISURF equation 6).

    As published, a ray that is sampled more densely is more opaque, so its surface seems to lie further in front (by
    2 / inv_s with samples 0.23 / inv_s apart), until f has become so steep that one sample decides. Where inv_s is set
    and not learned that would move the surface about, hence the correction: see UNBIASED_SPACING.
    """

    def __init__(self, config: UnisurfLawConfig, geometry: GeometryField) -> None:
        super().__init__()
        self.config = config
        self.sharpness = config.sharpness.setup(geometry)

    def set_progress(self, progress: float) -> None:
        self.sharpness.set_progress(progress)

    def param_groups(self) -> dict:
        return self.sharpness.param_groups()

    def readouts(self) -> dict[str, Tensor]:
        return {"inv_s": self.sharpness().detach()}

    def forward(
        self, output: GeometryOutput, directions: Float[Tensor, "intervals 3"], deltas: Float[Tensor, " intervals"]
    ) -> Float[Tensor, " intervals"]:
        inv_s, spacing = self.sharpness(), self.config.spacing_in_s
        if spacing is None:
            return occupancy(output.sdf, inv_s)
        return occupancy_alpha(output.sdf, deltas, inv_s, spacing / inv_s)
