"""NeRF: opacity from a free density, of which no surface is asked."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.core.opacity import density_alpha
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.fields.geometry import GeometryField, GeometryOutput
from idr_neus_plugins.laws.law import Law, LawConfig

LARGEST_LOG_DENSITY = 12.0
"""Keeps exp finite; opaque within a millionth of a scene unit."""


@dataclass
class NerfLawConfig(LawConfig):
    """NeRF's opacity."""

    def setup(self, geometry: GeometryField) -> NerfLaw:
        return NerfLaw()


class NerfLaw(Law):
    """The geometry's value is minus the logarithm of the density (per scene unit), so that it falls into solids.

    The level that encloses densities above t is then ``-log t``, see ``ns-export mesh --threshold``.
    """

    def level(self, threshold: float | None) -> float:
        if threshold is None or threshold <= 0:
            raise UserError(
                "A NeRF has no surface. Say at which density, per scene unit, it is to lie: --threshold 50; "
                "the papers show 25, 50 and 500."
            )
        return -math.log(threshold)

    def forward(
        self, output: GeometryOutput, directions: Float[Tensor, "intervals 3"], deltas: Float[Tensor, " intervals"]
    ) -> Float[Tensor, " intervals"]:
        return density_alpha(torch.exp((-output.sdf).clamp(max=LARGEST_LOG_DENSITY)), deltas)
