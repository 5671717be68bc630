"""Occupancy Networks (Mescheder et al. 2019): a global code alone, no camera."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from idr_neus_plugins.fields.encodings import encoding_width, positional_encoding
from idr_neus_plugins.single_view.fields.conditioned import (
    LOGITS_PER_UNIT,
    Condition,
    ConditionedField,
    ConditionedFieldConfig,
    FieldValues,
)
from idr_neus_plugins.single_view.fields.encoder import Encoder
from idr_neus_plugins.single_view.fields.precision import fast_products


@dataclass
class OnetFieldConfig(ConditionedFieldConfig):
    """Five conditioned residual blocks, as in the paper, narrower."""

    width: int = 128
    """Channels of the hidden layers."""
    blocks: int = 5
    octaves: int = 4
    """Of the positional encoding; the paper has none."""
    threshold: float = 0.2
    """Occupancy on the surface."""

    def setup(self) -> OnetField:
        return OnetField(self, self.encoder.setup())


class OnetField(ConditionedField):
    """Its sdf is the occupancy's logit in other units: right in sign and roughly in scale."""

    def __init__(self, config: OnetFieldConfig, encoder: Encoder) -> None:
        super().__init__(encoder)
        self.octaves, self.level = config.octaves, math.log(config.threshold / (1.0 - config.threshold))
        self.enter = nn.Linear(encoding_width(3, config.octaves), config.width)
        self.blocks = nn.ModuleList(ConditionedBlock(config.width, encoder.code) for _ in range(config.blocks))
        self.leave = nn.Linear(config.width, 1 + 3)

    def forward(self, points: Float[Tensor, "images points 3"], condition: Condition) -> FieldValues:
        encoded = positional_encoding(points.flatten(0, 1), self.octaves).unflatten(0, points.shape[:2])
        with fast_products(self, points.device):
            values = self.enter(encoded)
            for block in self.blocks:
                values = block(values, condition.code)
        logits, color = self.leave(functional.relu(values).float()).split([1, 3], dim=2)
        return FieldValues((self.level - logits[..., 0]) / LOGITS_PER_UNIT, torch.sigmoid(color))


class ConditionedBlock(nn.Module):
    """A residual block whose normalisations are scaled and shifted by the code.

    They are over the channels of each point: the paper's are over the batch, and say nothing about a single image.
    """

    def __init__(self, width: int, code: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width, elementwise_affine=False) for _ in range(2))
        self.modulations = nn.ModuleList(nn.Linear(code, 2 * width) for _ in range(2))
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(2))
        nn.init.zeros_(self.layers[1].weight)  # type: ignore[arg-type]

    def forward(
        self, values: Float[Tensor, "images points width"], code: Float[Tensor, "images code"]
    ) -> Float[Tensor, "images points width"]:
        inner = values
        for norm, modulation, layer in zip(self.norms, self.modulations, self.layers, strict=True):
            scale, shift = modulation(code)[:, None].chunk(2, dim=2)
            inner = layer(functional.relu(torch.addcmul(shift, norm(inner), 1.0 + scale)))
        return values + inner
