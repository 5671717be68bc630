"""A plain NeRF on voxels: density that is free to be anything, and no surface. The baseline to surface methods."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor
from torch.nn.functional import max_pool3d

from idr_neus_plugins.fields.geometry import GeometryOutput
from idr_neus_plugins.fields.grid.lattice import Lattice
from idr_neus_plugins.fields.grid.states import BAND, OUTSIDE
from idr_neus_plugins.fields.grid.voxels import VoxelGeometry, VoxelGeometryConfig


@dataclass
class GridDensityConfig(VoxelGeometryConfig):
    refresh_every: int = 200
    density_start: float = 0.5
    """Everywhere at the start, 1 / scene unit."""
    emptiness: float = 5e-3
    """After the first refinement, nodes whose density makes a voxel less opaque than this, and all around them, are
    empty for good."""
    smoothness: float = 1e-4
    """Weight of half the mean squared Laplacian of the logarithm of density."""

    def setup(self, region: Float[Tensor, "2 3"]) -> GridDensity:
        return GridDensity(self, region)


class GridDensity(VoxelGeometry):
    """The value is ``-log density``: a B-spline over voxels, as the surface's is, so that normals and levels exist.

    It falls into solids as a distance does, and is none: losses on its slope make no sense.
    """

    config: GridDensityConfig

    def __init__(self, config: GridDensityConfig, region: Float[Tensor, "2 3"]) -> None:
        lattice = Lattice.over(region, config.resolutions[0])
        super().__init__(config, torch.full(lattice.shape, -math.log(config.density_start)), lattice)

    def forward(self, positions: Float[Tensor, "points 3"]) -> GeometryOutput:
        value, gradient = self.engine.spline(self.control.values, self.lattice.coords(positions))
        return GeometryOutput(value, gradient / self.lattice.voxel, None)

    @property
    def _smoothness_weight(self) -> float:
        return self.config.smoothness

    @torch.no_grad()
    def _refine(self, finer: Lattice) -> None:
        coords = self.lattice.coords(finer.positions(self.control.values.device))
        value, _ = self.engine.spline(self.control.values, coords)
        self._replace(value.view(finer.shape), finer)

    def _find_nodes(self) -> tuple[UInt8[Tensor, "x y z"], Int[Tensor, " occupied"]]:
        values = self.control.values
        occupied = torch.ones_like(values, dtype=torch.bool)
        if self.lattice.resolution > 1.05 * self.config.resolutions[0]:
            opaque = torch.exp(-values) * self.lattice.voxel > self.config.emptiness
            occupied = max_pool3d(opaque[None, None].float(), 3, stride=1, padding=1)[0, 0] > 0
        trained = max_pool3d(occupied[None, None].float(), 5, stride=1, padding=2)[0, 0] > 0
        inner = torch.zeros_like(trained)
        inner[2:-2, 2:-2, 2:-2] = True
        states = torch.where(occupied, BAND, OUTSIDE).to(torch.uint8)
        return states, (trained & inner).view(-1).nonzero()[:, 0].int()
