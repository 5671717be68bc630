"""A field that an image conditions: the base that models, meshing and scores know."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor, nn

from idr_neus_plugins.single_view.fields.encoder import Encoder, EncoderConfig, SmallResNetConfig
from idr_neus_plugins.single_view.fields.pose import PoseHead
from idr_neus_plugins.single_view.fields.viewpoint import ViewHead


class InputViews(NamedTuple):
    """Images that condition a field, and the cameras that took them."""

    images: Float[Tensor, "images 4 h w"]
    """RGBA in [0, 1], straight alpha."""
    projections: Float[Tensor, "images 3 4"]
    """See ``pixel_features``."""


class Condition(NamedTuple):
    """What a field keeps of its images."""

    code: Float[Tensor, "images code"]
    map: Float[Tensor, "images channels h w"]
    views: InputViews


class FieldValues(NamedTuple):
    sdf: Float[Tensor, "images points"]
    """Scene units, negative inside."""
    rgb: Float[Tensor, "images points 3"]
    """In [0, 1]; meant at the surface."""


LOGITS_PER_UNIT = 40.0
"""Logit of the occupancy per scene unit of depth: how sharp a border a signed distance means."""


class ConditionedField(nn.Module):
    """f(x | image)."""

    level: float = 0.0
    """Logit of the occupancy on the surface."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder, self.pose, self.view = encoder, PoseHead(encoder.code), ViewHead(encoder.code)

    def condition(self, views: InputViews) -> Condition:
        """Asked once per image, however many points follow."""
        encoded = self.encoder(views.images)
        return Condition(encoded.code, encoded.map, views)

    def forward(self, points: Float[Tensor, "images points 3"], condition: Condition) -> FieldValues:
        """Values at scene points, for each image its own."""
        raise NotImplementedError

    def sdf(self, points: Float[Tensor, "images points 3"], condition: Condition) -> Float[Tensor, "images points"]:
        """Value alone, where that is cheaper."""
        return self(points, condition).sdf

    def logits(self, sdf: Tensor) -> Tensor:
        """Of being inside."""
        return self.level - LOGITS_PER_UNIT * sdf


@dataclass
class ConditionedFieldConfig:
    """Base of the conditioned fields' configurations."""

    encoder: EncoderConfig = field(default_factory=SmallResNetConfig)
    """What reads the image."""

    def setup(self) -> ConditionedField:
        raise NotImplementedError
