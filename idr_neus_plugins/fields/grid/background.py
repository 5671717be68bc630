"""What is behind the region of interest, from voxels of contracted space: a network is asked once a ray."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from idr_neus_plugins.core.compositing import accumulate, render_weights
from idr_neus_plugins.core.contraction import BOUND, contract
from idr_neus_plugins.core.intersection import ray_sphere
from idr_neus_plugins.core.placement import jitter, outward_edges
from idr_neus_plugins.core.ray_intervals import RayIntervals
from idr_neus_plugins.core.spherical_harmonics import NUM_HARMONICS, spherical_harmonics
from idr_neus_plugins.fields.background import Background, BackgroundConfig
from idr_neus_plugins.fields.grid.engine import EngineName, engine
from idr_neus_plugins.fields.grid.lattice import Lattice
from idr_neus_plugins.fields.grid.lattice_values import LatticeValues

NEAREST = 0.5
"""Rays that miss the region look from this share of the distance of their closest approach: the ground before it."""


@dataclass
class GridBackgroundConfig(BackgroundConfig):
    samples: int = 16
    """Intervals on each ray behind the unit sphere."""
    resolution: int = 128
    """Voxels along each axis of contracted space."""
    channels: int = 7
    """Features of a node, besides its density."""
    width: int = 32
    """Channels of the hidden layer that makes colours of features."""
    engine: EngineName = "auto"
    """Which implementation reads the voxels; auto: the fastest that runs on the device."""

    def setup(self) -> GridBackground:
        return GridBackground(self)


class GridBackground(Background):
    """Density and features on voxels of contracted space (MERF, Reiser et al. 2023), shaded after compositing.

    The features of a ray's intervals are added up with their weights first, and one small network makes the colour of
    the sum and the viewing direction (deferred shading; SNeRG, Hedman et al. 2021). Density is per unit of contracted
    length, in which voxels are even; the last interval reaches to infinity and is opaque.
    """

    def __init__(self, config: GridBackgroundConfig) -> None:
        super().__init__()
        self.config = config
        corner = torch.full((3,), BOUND)
        lattice = Lattice.over(torch.stack([-corner, corner]), config.resolution)
        self.features = LatticeValues(torch.zeros(*lattice.shape, 1 + config.channels), lattice)
        self.network = nn.Sequential(
            nn.Linear(config.channels + NUM_HARMONICS, config.width),
            nn.ReLU(),
            nn.Linear(config.width, 3),
            nn.Sigmoid(),
        )

    @property
    def engine(self):
        return engine(self.config.engine, self.features.values.device.type)

    def param_groups(self) -> dict[str, list[nn.Parameter]]:
        return {"background_grid": [self.features.values], "background": list(self.network.parameters())}

    def forward(self, origins: Float[Tensor, "rays 3"], directions: Float[Tensor, "rays 3"]) -> Float[Tensor, "rays 3"]:
        edges = self._edges(origins, directions)
        intervals = RayIntervals.from_edges(edges)
        density, features = self._ask(intervals.positions(origins, directions))
        alpha = 1.0 - torch.exp(-density * self._contracted_lengths(edges, origins, directions))
        is_last = torch.arange(len(alpha), device=alpha.device) % self.config.samples == self.config.samples - 1
        weights = render_weights(torch.where(is_last, 1.0, alpha), intervals.offsets)
        seen = accumulate(weights, features, intervals.ray_indices, intervals.num_rays)
        return self.network(torch.cat([seen, spherical_harmonics(directions)], dim=1))

    def _edges(self, origins: Tensor, directions: Tensor) -> Float[Tensor, "rays samples_plus_one"]:
        _, far, hits = ray_sphere(origins, directions)
        edges = outward_edges(torch.where(hits, far, NEAREST * far), self.config.samples)
        return jitter(edges) if self.training else edges

    def _ask(self, positions: Tensor) -> tuple[Float[Tensor, " intervals"], Float[Tensor, "intervals channels"]]:
        touched = self.features.touched(self.engine) if torch.is_grad_enabled() else None
        coords = self.features.lattice.coords(contract(positions))
        values = self.engine.interpolate(self.features.values, coords, touched)
        return functional.softplus(values[:, 0]), values[:, 1:]

    def _contracted_lengths(self, edges: Tensor, origins: Tensor, directions: Tensor) -> Float[Tensor, " intervals"]:
        points = contract((origins[:, None] + edges[..., None] * directions[:, None]).view(-1, 3))
        return points.view(*edges.shape, 3).diff(dim=1).norm(dim=-1).view(-1)
