"""A conditioned field under one image: a geometry and its colour, like any other in this package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.fields.geometry import GeometryConfig, GeometryField, GeometryOutput
from idr_neus_plugins.fields.radiance import RadianceConfig, RadianceField
from idr_neus_plugins.single_view.fields.conditioned import Condition, ConditionedFieldConfig, InputViews
from idr_neus_plugins.single_view.fields.disn import DisnFieldConfig
from idr_neus_plugins.single_view.fields.versions import all_versions

AT_ONCE = 8192
"""Points: their values in a layer fit in a processor's cache, which takes half of the time of 65,536 at once."""
SHOWN = ("images", "projections")
"""Buffers with the image that is shown; their sizes are those of the image."""


@dataclass
class ConditionedGeometryConfig(GeometryConfig):
    """A trained or trainable field f(x | image), shown under one image at a time."""

    field: ConditionedFieldConfig = field(default_factory=DisnFieldConfig)
    """What is trained."""

    def setup(self, region: Float[Tensor, "2 3"]) -> ConditionedGeometry:
        return ConditionedGeometry(self)


class ConditionedGeometry(GeometryField):
    """f(x | shown image). The image and its camera are kept with the weights. Features are the colours."""

    group = "field"
    num_features = 3
    images: Float[Tensor, "shown 4 h w"]
    projections: Float[Tensor, "shown 3 4"]

    def __init__(self, config: ConditionedGeometryConfig) -> None:
        super().__init__()
        self.field = config.field.setup()
        self.register_buffer("images", torch.zeros(1, 4, 64, 64))
        self.register_buffer("projections", torch.eye(3, 4)[None])
        self._condition: Condition | None = None
        self._versions: list[tuple[Condition, Tensor]] = []

    def show(self, views: InputViews) -> None:
        """Everything asked from now on is about these images: the mean over what the field says under each."""
        self.images, self.projections = (value.detach().clone().to(self.images) for value in views)
        self._forget()

    @property
    def condition(self) -> Condition:
        """Of the shown image; while nothing is trained, the image is read once."""
        if self._condition is None or self.training:
            self._condition = self.field.condition(InputViews(self.images, self.projections))
        return self._condition

    def train(self, mode: bool = True):
        self._forget()
        return super().train(mode)

    def forward(self, positions: Float[Tensor, "points 3"]) -> GeometryOutput:
        with torch.enable_grad():
            points = positions.detach().requires_grad_()
            values = self.field(self._for_each(points), self.condition)
            sdf = within_ball(values.sdf.mean(0), points)
            (gradients,) = torch.autograd.grad(sdf.sum(), points)
        return GeometryOutput(sdf.detach(), gradients, values.rgb.mean(0).detach())

    @torch.no_grad()
    def sdf(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
        return torch.cat([self._sdf(part) for part in positions.split(AT_ONCE)])

    def _sdf(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
        return within_ball(self.field.sdf(self._for_each(positions), self.condition).mean(0), positions)

    @torch.no_grad()
    def spread(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
        """Standard deviation of what the field says under images that are as true as the shown ones: scene units."""
        if not self._versions or self.training:
            versions = all_versions(InputViews(self.images, self.projections))
            self._versions = [(self.field.condition(views), sign) for views, sign in versions]
        asked = self._for_each(positions)
        said = [self.field.sdf(asked * sign[:, None], condition) for condition, sign in self._versions]
        return torch.cat(said).std(dim=0, correction=0)

    def _forget(self) -> None:
        self._condition, self._versions = None, []

    def _for_each(self, positions: Tensor) -> Tensor:
        return positions.expand(len(self.images), *positions.shape)

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *rest: Any) -> None:
        for name in SHOWN:
            if prefix + name in state_dict:
                setattr(self, name, torch.empty_like(state_dict[prefix + name], device=self.images.device))
        self._forget()
        super()._load_from_state_dict(state_dict, prefix, *rest)  # type: ignore[arg-type]


def within_ball(sdf: Float[Tensor, " points"], positions: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
    """Nothing is outside of the unit sphere: no shape reaches it, and the field was never asked there."""
    return torch.maximum(sdf, positions.norm(dim=1) - 1.0)


@dataclass
class FeatureColorConfig(RadianceConfig):
    """Colours that the geometry brings along."""

    def setup(self, geometry: GeometryField, region: Float[Tensor, "2 3"]) -> FeatureColor:
        return FeatureColor()


class FeatureColor(RadianceField):
    """The features are the colour, from wherever one looks."""

    def forward(
        self,
        positions: Float[Tensor, "points 3"],
        normals: Float[Tensor, "points 3"],
        directions: Float[Tensor, "points 3"],
        features: Float[Tensor, "points features"] | None,
    ) -> Float[Tensor, "points 3"]:
        assert features is not None
        return features
