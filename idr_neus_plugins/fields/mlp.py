"""The geometry network of IDR and NeuS, with its gradient in closed form."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.fields.encodings import encoding_width, positional_encoding, pull_back
from idr_neus_plugins.fields.geometry import GeometryConfig, GeometryField, GeometryOutput

SHARPNESS = 100.0
"""beta of the softplus: nearly a ReLU, but smooth, so that the surface has a continuous normal."""


@dataclass
class SdfMLPConfig(GeometryConfig):
    """The released settings of NeuS."""

    layers: int = 8
    """Hidden layers; the encoded position enters again half-way."""
    width: int = 256
    """Channels of a hidden layer."""
    octaves: int = 6
    """Octaves of the positional encoding."""
    features: int = 256
    """Channels handed to the radiance field."""
    radius: float = 0.5
    """Radius of the sphere that the network starts from, scene units."""

    def setup(self, region: Float[Tensor, "2 3"]) -> SdfMLP:
        return SdfMLP(self)


class SdfMLP(GeometryField):
    """f: x -> (sdf, gradient, feature), softplus layers with weight norm, starting as a sphere (IDR, NeuS).

    The gradient is the chain rule written out: after the forward pass, the derivative of the sdf runs back through the
    layers with their transposed weights. Everything is ordinary forward code, so that a loss on gradients needs
    one ordinary backward and compiles; it costs one extra pass (three tangents carried forward would cost three).
    """

    def __init__(self, config: SdfMLPConfig) -> None:
        super().__init__()
        self.config = config
        self.num_features = config.features
        encoded = encoding_width(3, config.octaves)
        if config.width <= encoded:
            raise UserError(
                f"An SDF network of width {config.width} has no room for the {encoded} channels of an encoding with "
                f"{config.octaves} octaves: widen it or take fewer octaves."
            )
        self.skip = config.layers // 2
        inputs = [encoded] + [config.width] * config.layers
        outputs = [config.width] * config.layers + [1 + config.features]
        outputs[self.skip - 1] -= encoded
        layers = [nn.Linear(i, o) for i, o in zip(inputs, outputs, strict=True)]
        self._start_as_sphere(layers)
        self.layers = nn.ModuleList(weight_norm(layer) for layer in layers)

    def forward(self, positions: Float[Tensor, "points 3"]) -> GeometryOutput:
        weights, biases = self._affine()
        encoded = positional_encoding(positions, self.config.octaves)
        hidden, linears = self._hidden(encoded, weights, biases)
        outputs = functional.linear(hidden, weights[-1], biases[-1])
        gradients = pull_back(encoded, self._run_back(weights, linears), dimensions=3)
        return GeometryOutput(outputs[:, 0], gradients, outputs[:, 1:])

    def sdf(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
        weights, biases = self._affine()
        hidden, _ = self._hidden(positional_encoding(positions, self.config.octaves), weights, biases)
        return hidden @ weights[-1][0] + biases[-1][0]

    def _affine(self) -> tuple[list[Tensor], list[Tensor]]:
        """Weights and biases of all layers; taken once per pass, because weight norm computes them at each access."""
        return [layer.weight for layer in self.layers], [layer.bias for layer in self.layers]  # type: ignore

    def _hidden(
        self, encoded: Tensor, weights: list[Tensor], biases: list[Tensor]
    ) -> tuple[Float[Tensor, "points width"], list[Tensor]]:
        """Last hidden layer, and what every layer handed to its softplus (whose derivative is the sigmoid of that)."""
        hidden, linears = encoded, []
        for index in range(len(weights) - 1):
            if index == self.skip:
                hidden = torch.cat([hidden, encoded], dim=1) / math.sqrt(2.0)
            linears.append(functional.linear(hidden, weights[index], biases[index]))
            hidden = functional.softplus(linears[-1], beta=SHARPNESS)
        return hidden, linears

    def _run_back(self, weights: list[Tensor], linears: list[Tensor]) -> Float[Tensor, "points channels"]:
        """Derivative of the sdf with respect to the encoding."""
        cotangents, skipped = weights[-1][:1], None
        for index in reversed(range(len(linears))):
            cotangents = (cotangents * torch.sigmoid(SHARPNESS * linears[index])) @ weights[index]
            if index == self.skip:
                hidden_width = weights[index - 1].shape[0]
                cotangents, skipped = (cotangents / math.sqrt(2.0)).tensor_split([hidden_width], dim=1)
        return cotangents if skipped is None else cotangents + skipped

    @torch.no_grad()
    def _start_as_sphere(self, layers: list[nn.Linear]) -> None:
        """Geometric initialisation (Atzmon & Lipman 2020, IDR): f(x) is close to |x| - radius."""
        for index, layer in enumerate(layers):
            nn.init.zeros_(layer.bias)
            nn.init.normal_(layer.weight, 0.0, math.sqrt(2.0 / layer.out_features))
            if index == 0:  # the periodic channels play no part at the start
                layer.weight[:, 3:] = 0.0
            if index == self.skip:
                layer.weight[:, -(layers[0].in_features - 3) :] = 0.0
        nn.init.normal_(layers[-1].weight, math.sqrt(math.pi / layers[-1].in_features), 1e-4)
        nn.init.constant_(layers[-1].bias, -self.config.radius)
