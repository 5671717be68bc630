"""DISN (Xu et al. 2019): a stream that knows the image as a whole and one that knows the pixel, summed.

With the seed's colour: predicted from the geometry's features, once (a sum of two colours leaves [0, 1]), from local
features at the very points that are asked.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from idr_neus_plugins.fields.encodings import encoding_width, positional_encoding
from idr_neus_plugins.single_view.fields.conditioned import (
    Condition,
    ConditionedField,
    ConditionedFieldConfig,
    FieldValues,
)
from idr_neus_plugins.single_view.fields.encoder import Encoder
from idr_neus_plugins.single_view.fields.pixel_features import pixel_aligned, project
from idr_neus_plugins.single_view.fields.precision import fast_products


@dataclass
class DisnFieldConfig(ConditionedFieldConfig):
    """Small enough for a CPU; the paper's streams are 512 wide."""

    width: int = 128
    """Channels of the hidden layers of either stream."""
    octaves: int = 4
    """Of the positional encoding."""

    def setup(self) -> DisnField:
        return DisnField(self, self.encoder.setup())


class DisnField(ConditionedField):
    """sdf = global stream + local stream."""

    def __init__(self, config: DisnFieldConfig, encoder: Encoder) -> None:
        super().__init__(encoder)
        self.octaves = config.octaves
        place = encoding_width(3, config.octaves)
        self.whole = Stream(place, encoder.code, config.width)
        # Position, depth along the ray and the pixel's own colour beside its features.
        pixel = encoding_width(1, config.octaves) + encoder.channels + 4
        self.local = Stream(place + pixel, encoder.code, config.width)
        self.color = nn.Sequential(nn.Linear(2 * config.width, 64), nn.ReLU(), nn.Linear(64, 3))

    def forward(self, points: Float[Tensor, "images points 3"], condition: Condition) -> FieldValues:
        whole, local, sdf = self._streams(points, condition)
        return FieldValues(sdf, torch.sigmoid(self.color(torch.cat([whole, local], dim=2))))

    def sdf(self, points: Float[Tensor, "images points 3"], condition: Condition) -> Float[Tensor, "images points"]:
        return self._streams(points, condition)[2]

    def _streams(self, points: Tensor, condition: Condition) -> tuple[Tensor, Tensor, Tensor]:
        ndc, depth = project(points, condition.views.projections)
        here = self._encode(points)
        seen = [pixel_aligned(condition.map, ndc), pixel_aligned(condition.views.images, ndc)]
        # About the origin's depth, so that the encoding's octaves are spent on the object.
        along = self._encode(depth - condition.views.projections[:, None, 2:, 3])
        whole, whole_sdf = self.whole(here, condition.code)
        local, local_sdf = self.local(torch.cat([here, along, *seen], dim=2), condition.code)
        return whole, local, whole_sdf + local_sdf

    def _encode(self, values: Tensor) -> Tensor:
        return positional_encoding(values.flatten(0, 1), self.octaves).unflatten(0, values.shape[:2])


class Stream(nn.Module):
    """Features of points under a code, and their share of the sdf."""

    def __init__(self, inputs: int, code: int, width: int) -> None:
        super().__init__()
        self.enter = nn.Linear(inputs, width)
        self.code = nn.Linear(code, width)
        self.blocks = nn.ModuleList(MLPBlock(width) for _ in range(2))
        self.sdf = nn.Linear(width, 1)

    def forward(
        self, inputs: Float[Tensor, "images points channels"], code: Float[Tensor, "images code"]
    ) -> tuple[Float[Tensor, "images points width"], Float[Tensor, "images points"]]:
        with fast_products(self, inputs.device):
            values = self.enter(inputs) + self.code(code)[:, None]
            for block in self.blocks:
                values = block(values)
        features = functional.relu(values).float()
        return features, self.sdf(features)[..., 0]


class MLPBlock(nn.Module):
    """Two layers beside a short cut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(width, width), nn.Linear(width, width)
        nn.init.zeros_(self.second.weight)

    def forward(self, values: Tensor) -> Tensor:
        return values + self.second(functional.relu(self.first(functional.relu(values))))
