"""A signed distance from a hash grid and a small network: fine detail wherever it is, in a scene of any extent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from idr_neus_plugins.fields.geometry import GeometryConfig, GeometryField, GeometryOutput
from idr_neus_plugins.fields.grid.engine import EngineName
from idr_neus_plugins.fields.hash.encoding import HashEncoding, TcnnEncoding
from idr_neus_plugins.fields.hash.layout import HashLevels
from idr_neus_plugins.fields.mlp import SHARPNESS


@dataclass
class HashGeometryConfig(GeometryConfig):
    """Lengths of schedules are shares of the training."""

    grid: HashLevels = field(default_factory=HashLevels)
    """The levels of the hash grid over the region's box."""
    layers: int = 1
    """Hidden layers of the network."""
    width: int = 64
    """Channels of a hidden layer."""
    features: int = 15
    """Channels handed to the radiance field."""
    radius: float = 0.5
    """Radius of the sphere that the training starts from, scene units."""
    first_levels: int = 4
    """Levels in use at the start."""
    all_levels_at: float = 0.5
    """Progress from which all levels are in use: fine ones would fit noise while the coarse shape is not found yet."""
    encoding: Literal["own", "tcnn"] = "own"
    """Who reads the hash grid: own runs anywhere, tcnn is tiny-cuda-nn."""
    engine: EngineName = "auto"
    """Which implementation of the own encoding; auto: the fastest that runs on the device."""

    def setup(self, region: Float[Tensor, "2 3"]) -> HashGeometry:
        return HashGeometry(self, region)


class HashGeometry(GeometryField):
    """f(x) = |x - c| - radius + g(x, encoding(x)): g, zero at first, learns how the surface differs from a sphere.

    As in NeuS2 (Wang et al. 2023) the gradient is that of the interpolation itself, and as in Neuralangelo (Li et al.
    2023) levels come in coarse to fine. The chain rule through g is written out, so that a loss on gradients needs one
    ordinary backward pass. Outside the region's box the encoding is that of the nearest point.
    """

    region: Float[Tensor, "2 3"]

    def __init__(self, config: HashGeometryConfig, region: Float[Tensor, "2 3"]) -> None:
        super().__init__()
        self.config = config
        self.num_features = config.features
        self.register_buffer("region", region.clone(), persistent=False)
        tcnn = config.encoding == "tcnn"
        self.encoding = TcnnEncoding(config.grid) if tcnn else HashEncoding(config.grid, config.engine)
        widths = [3 + config.grid.levels * config.grid.channels] + [config.width] * config.layers
        outputs = [*widths[1:], 1 + config.features]
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in zip(widths, outputs, strict=True))
        for parameter in self.layers[-1].parameters():
            nn.init.zeros_(parameter[:1])
        self.levels = config.grid.levels

    def set_progress(self, progress: float) -> None:
        first, last = min(self.config.first_levels, self.config.grid.levels), self.config.grid.levels
        share = min(progress / self.config.all_levels_at, 1.0) if self.config.all_levels_at > 0.0 else 1.0
        self.levels = first + int(share * (last - first))

    def param_groups(self) -> dict[str, list[nn.Parameter]]:
        groups = self.encoding.param_groups()
        return groups | {self.group: [*self.layers.parameters(), *groups.get(self.group, [])]}

    def forward(self, positions: Float[Tensor, "points 3"]) -> GeometryOutput:
        encoded, pull_back = self.encoding(self._coords(positions), self.levels)
        outputs, linears = self._network(positions, encoded)
        by_position, by_encoded = self._run_back(linears).split([3, encoded.shape[1]], dim=1)
        distance, outward = self._sphere(positions)
        gradients = outward + by_position + pull_back(by_encoded) / (self.region[1] - self.region[0])
        return GeometryOutput(distance + outputs[:, 0], gradients, outputs[:, 1:])

    def sdf(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
        encoded = self.encoding.features(self._coords(positions), self.levels)
        return self._sphere(positions)[0] + self._network(positions, encoded)[0][:, 0]

    def _coords(self, positions: Tensor) -> Float[Tensor, "points 3"]:
        return (positions - self.region[0]) / (self.region[1] - self.region[0])

    def _sphere(self, positions: Tensor) -> tuple[Float[Tensor, " points"], Float[Tensor, "points 3"]]:
        offsets = positions - self.region.mean(dim=0)
        distance = offsets.norm(dim=1)
        return distance - self.config.radius, offsets / distance[:, None].clamp(min=1e-9)

    def _linears(self) -> list[nn.Linear]:
        return cast("list[nn.Linear]", list(self.layers))

    def _weights(self, inputs: int) -> list[Tensor]:
        """Of all layers; of the first one the columns for the levels in use."""
        weights = [layer.weight for layer in self._linears()]
        return [weights[0][:, :inputs], *weights[1:]]

    def _network(self, positions: Tensor, encoded: Tensor) -> tuple[Float[Tensor, "points outputs"], list[Tensor]]:
        """Outputs, and what every layer handed to its softplus (whose derivative is the sigmoid of that)."""
        hidden, linears = torch.cat([positions, encoded], dim=1), []
        *weights, last = self._weights(hidden.shape[1])
        *layers, out = self._linears()
        for weight, layer in zip(weights, layers, strict=True):
            linears.append(functional.linear(hidden, weight, layer.bias))
            hidden = functional.softplus(linears[-1], beta=SHARPNESS)
        return functional.linear(hidden, last, out.bias), linears

    def _run_back(self, linears: list[Tensor]) -> Float[Tensor, "points inputs"]:
        """Derivative of g's value with respect to the position and its encoding."""
        weights = self._weights(3 + self.levels * self.config.grid.channels)
        cotangents = weights[-1][:1]
        for linear, weight in zip(reversed(linears), reversed(weights[:-1]), strict=True):
            cotangents = (cotangents * torch.sigmoid(SHARPNESS * linear)) @ weight
        return cotangents
