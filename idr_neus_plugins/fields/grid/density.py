"""A plain NeRF on voxels: density that is free to be anything, and no surface. The baseline to surface methods."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import max_pool3d

from idr_neus_plugins.fields.geometry import GeometryConfig, GeometryOutput
from idr_neus_plugins.fields.grid.engine import EngineName
from idr_neus_plugins.fields.grid.lattice import Lattice, LatticeValues
from idr_neus_plugins.fields.grid.nodes import ListedNodes
from idr_neus_plugins.fields.grid.states import BAND, OUTSIDE
from idr_neus_plugins.fields.grid.voxels import VoxelGeometry


@dataclass
class GridDensityConfig(GeometryConfig):
    """Lengths of schedules are shares of the training."""

    resolutions: tuple[int, ...] = (64, 96, 128)
    """Cube root of the number of voxels, coarse to fine."""
    starts: tuple[float, ...] = (0.0, 0.2, 0.4)
    """Progress at which each resolution begins."""
    density_start: float = 0.5
    """Everywhere at the start, 1 / scene unit."""
    emptiness: float = 5e-3
    """After the first refinement, nodes whose density makes a voxel less opaque than this, and all around them, are
    empty for good."""
    smoothness: float = 1e-4
    """Weight of half the mean squared Laplacian of the logarithm of density."""
    smoothness_every: int = 4
    """Steps between smoothness terms, which visit all nodes that are not empty."""
    refresh_every: int = 200
    """Steps between searches for empty nodes."""
    engine: EngineName = "auto"
    """Which implementation runs the grid's operations; auto: Numba on the CPU, PyTorch elsewhere."""

    def setup(self, region: Float[Tensor, "2 3"]) -> GridDensity:
        return GridDensity(self, region)


class GridDensity(VoxelGeometry):
    """The value is ``-log density``: a B-spline over voxels, as the surface's is, so that normals and levels exist.

    It falls into solids as a distance does, and is none: losses on its slope make no sense.
    """

    def __init__(self, config: GridDensityConfig, region: Float[Tensor, "2 3"]) -> None:
        super().__init__()
        self.config, self.engine_name = config, config.engine
        self._steps = 0
        self._states: Tensor | None = None
        lattice = Lattice.over(region, config.resolutions[0])
        self.control = LatticeValues(torch.full(lattice.shape, -math.log(config.density_start)), lattice)

    def forward(self, positions: Float[Tensor, "points 3"]) -> GeometryOutput:
        value, gradient = self.engine.spline(self.control.values, self.lattice.coords(positions))
        return GeometryOutput(value, gradient / self.lattice.voxel, None)

    def march(
        self,
        origins: Float[Tensor, "rays 3"],
        directions: Float[Tensor, "rays 3"],
        jitter: Float[Tensor, " rays"],
        step: float,
    ) -> tuple[Float[Tensor, " sections"], Int[Tensor, " rays"]]:
        if self._states is None or self._states.shape != self.control.values.shape:
            self._find_occupied()
        lattice = self.lattice
        return self.engine.march(
            origins, directions, jitter, lattice.lower, lattice.voxel, self._states, step * lattice.voxel
        )

    def set_progress(self, progress: float) -> None:
        if not self.training:
            return
        self._steps += 1
        resolution = self.config.resolutions[sum(progress >= start for start in self.config.starts) - 1]
        if self.lattice.resolution < 0.95 * resolution:
            self._refine(Lattice.over(self.lattice.box, resolution))
        if self._steps % self.config.refresh_every == 0:
            self._states = None

    def regularisers(self) -> dict[str, Tensor]:
        if self._steps % self.config.smoothness_every or self._states is None:
            return {}
        nodes = self.control.values.nodes
        assert isinstance(nodes, ListedNodes)  # of _find_occupied, as the states are
        weight = self.config.smoothness_every * self.config.smoothness
        return {"smoothness": weight * self.engine.smoothness(self.control.values, nodes.nodes)}

    @torch.no_grad()
    def _refine(self, finer: Lattice) -> None:
        coords = self.lattice.coords(finer.positions(self.control.values.device))
        value, _ = self.engine.spline(self.control.values, coords)
        self.control.replace(value.view(finer.shape), finer)
        self._states = None

    @torch.no_grad()
    def _find_occupied(self) -> None:
        """States of the nodes for marching, and the list of those that training concerns."""
        values = self.control.values
        occupied = torch.ones_like(values, dtype=torch.bool)
        if self.lattice.resolution > 1.05 * self.config.resolutions[0]:
            opaque = torch.exp(-values) * self.lattice.voxel > self.config.emptiness
            occupied = max_pool3d(opaque[None, None].float(), 3, stride=1, padding=1)[0, 0] > 0
        self._states = torch.where(occupied, BAND, OUTSIDE).to(torch.uint8)
        trained = max_pool3d(occupied[None, None].float(), 5, stride=1, padding=2)[0, 0] > 0
        inner = torch.zeros_like(trained)
        inner[2:-2, 2:-2, 2:-2] = True
        values.nodes = ListedNodes((trained & inner).view(-1).nonzero()[:, 0].int(), self.engine)
