"""What is behind the region of interest."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from idr_neus_plugins.core.compositing import accumulate, render_weights
from idr_neus_plugins.core.intersection import ray_sphere
from idr_neus_plugins.core.placement import jitter, outward_edges
from idr_neus_plugins.core.ray_intervals import RayIntervals
from idr_neus_plugins.fields.component import ModelComponent
from idr_neus_plugins.fields.encodings import encoding_width, positional_encoding


class Background(ModelComponent):
    """Colour that a ray meets behind the region of interest."""

    group = "background"

    def forward(self, origins: Float[Tensor, "rays 3"], directions: Float[Tensor, "rays 3"]) -> Float[Tensor, "rays 3"]:
        """Colours in [0, 1] for unit ``directions``."""
        raise NotImplementedError


@dataclass
class BackgroundConfig:
    """Base of the backgrounds' configurations; itself the choice of nothing, black."""

    def setup(self) -> Background:
        return Black()


class Black(Background):
    """Nothing: for scenes with masks, whose losses look at the foreground only."""

    def forward(self, origins: Float[Tensor, "rays 3"], directions: Float[Tensor, "rays 3"]) -> Float[Tensor, "rays 3"]:
        return torch.zeros_like(origins)


@dataclass
class InvertedSphereConfig(BackgroundConfig):
    """The released settings of NeuS without masks."""

    samples: int = 32
    """Intervals on each ray outside the unit sphere."""
    layers: int = 8
    """Hidden layers; the encoded position enters again half-way."""
    width: int = 256
    """Channels of a hidden layer."""
    octaves: int = 10
    """Octaves of the encoding of inverted positions."""
    view_octaves: int = 4
    """Octaves of the encoding of viewing directions."""

    def setup(self) -> InvertedSphere:
        return InvertedSphere(self)


class InvertedSphere(Background):
    """A NeRF of everything outside the unit sphere, asked at ``(x / r, 1 / r)`` (NeRF++, as used by NeuS)."""

    def __init__(self, config: InvertedSphereConfig) -> None:
        super().__init__()
        self.config = config
        encoded = encoding_width(4, config.octaves)
        self.skip = config.layers // 2
        inputs = [encoded] + [config.width] * (config.layers - 1)
        inputs[self.skip] += encoded
        self.layers = nn.ModuleList(nn.Linear(width, config.width) for width in inputs)
        self.density = nn.Linear(config.width, 1)
        views = encoding_width(3, config.view_octaves)
        self.color = nn.Sequential(
            nn.Linear(config.width + views, config.width // 2), nn.ReLU(), nn.Linear(config.width // 2, 3), nn.Sigmoid()
        )

    def forward(self, origins: Float[Tensor, "rays 3"], directions: Float[Tensor, "rays 3"]) -> Float[Tensor, "rays 3"]:
        intervals = RayIntervals.from_edges(self._edges(origins, directions))
        positions = intervals.positions(origins, directions)
        density, colors = self._ask(positions, directions[intervals.ray_indices])
        alpha = 1.0 - torch.exp(-density * intervals.deltas)
        weights = render_weights(alpha, intervals.offsets)
        return accumulate(weights, colors, intervals.ray_indices, intervals.num_rays)

    def _edges(self, origins: Tensor, directions: Tensor) -> Float[Tensor, "rays samples_plus_one"]:
        """Borders from the sphere outwards, even in inverse distance up to a thousand times as far."""
        _, far, _ = ray_sphere(origins, directions)
        edges = outward_edges(far, self.config.samples)
        return jitter(edges) if self.training else edges

    def _ask(self, positions: Tensor, directions: Tensor) -> tuple[Tensor, Tensor]:
        """Density (per scene unit) and colour."""
        radius = positions.norm(dim=-1, keepdim=True).clamp(min=1.0)
        encoded = positional_encoding(torch.cat([positions / radius, 1.0 / radius], dim=-1), self.config.octaves)
        hidden = encoded
        for index, layer in enumerate(self.layers):
            hidden = torch.cat([hidden, encoded], dim=-1) if index == self.skip else hidden
            hidden = torch.relu(layer(hidden))
        views = positional_encoding(directions, self.config.view_octaves)
        return functional.softplus(self.density(hidden)).squeeze(-1), self.color(torch.cat([hidden, views], dim=-1))
