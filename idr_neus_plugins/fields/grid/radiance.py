"""Colour from a grid of features at the surface and a small network."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from idr_neus_plugins.core.spherical_harmonics import NUM_HARMONICS, spherical_harmonics
from idr_neus_plugins.fields.grid.bricks import bricks_around, in_bricks, values_at_rows
from idr_neus_plugins.fields.grid.engine import EngineName, engine
from idr_neus_plugins.fields.grid.lattice import Lattice
from idr_neus_plugins.fields.grid.lattice_values import LatticeValues
from idr_neus_plugins.fields.grid.voxels import VoxelGeometry
from idr_neus_plugins.fields.grid.warm_up import warm_up_bricks
from idr_neus_plugins.fields.perceptron import perceptron
from idr_neus_plugins.fields.radiance import RadianceConfig, RadianceField

BEYOND = 0.05
"""By how much colours may leave [0, 1]. A photograph's white says "at least as bright". Could a colour only just be
white, white pixels would ask for ever more opacity in front of them, and what is overexposed would swell."""


@dataclass
class GridRadianceConfig(RadianceConfig):
    channels: int = 8
    """Features per node."""
    width: int = 64
    """Channels of the two hidden layers."""
    finer: float = 1.0
    """Nodes of the features' grid for each of the geometry's, along an axis."""
    max_resolution: int = 192
    """Bound of the resolution of the features' grid."""
    use_normal: bool = True
    """M is told the surface normal n."""
    use_view: bool = True
    """M is told the viewing direction v; without it colour cannot depend on the view."""
    use_feature: bool = True
    """M is told the features z(x) of the grid; without them, the position x itself."""

    def setup(self, geometry: VoxelGeometry, region: Float[Tensor, "2 3"]) -> GridRadiance:  # type: ignore[override]
        return GridRadiance(self, geometry)


class GridRadiance(RadianceField):
    """M(z(x), n, v) with trilinear features z, on a grid over the geometry's box that is refined along with it."""

    def __init__(self, config: GridRadianceConfig, geometry: VoxelGeometry) -> None:
        super().__init__()
        self.config = config
        self.engine_name: EngineName = geometry.config.engine
        self._geometry = lambda: geometry  # a bound module would be registered, and saved, twice
        lattice = geometry.lattice
        self.features = LatticeValues(torch.zeros(*lattice.shape, config.channels), lattice)
        self.network = nn.Sequential(
            nn.Linear(_input_width(config), config.width),
            nn.ReLU(),
            nn.Linear(config.width, config.width),
            nn.ReLU(),
            nn.Linear(config.width, 3),
        )

    @property
    def engine(self):
        return engine(self.engine_name, self.features.values.device.type)

    def param_groups(self) -> dict[str, list[nn.Parameter]]:
        features: list[nn.Parameter] = [self.features.values] if self.config.use_feature else []
        return {"features": features, "radiance": list(self.network.parameters())}

    def forward(
        self,
        positions: Float[Tensor, "points 3"],
        normals: Float[Tensor, "points 3"],
        directions: Float[Tensor, "points 3"],
        features: Float[Tensor, "points features"] | None,
    ) -> Float[Tensor, "points 3"]:
        inputs = [self._own(positions) if self.config.use_feature else positions]
        if self.config.use_normal:
            inputs.append(normals)
        if self.config.use_view:
            inputs.append(spherical_harmonics(directions))
        return (1.0 + 2.0 * BEYOND) * torch.sigmoid(perceptron(self.network, torch.cat(inputs, dim=1))) - BEYOND

    def _own(self, positions: Tensor) -> Float[Tensor, "points channels"]:
        coords = self.features.lattice.coords(positions)
        touched = self.features.touched(self.engine) if torch.is_grad_enabled() else None
        return self.engine.interpolate(self.features.values, coords, touched, self.features.bricks)

    def set_progress(self, progress: float) -> None:
        if not self.training:
            return
        geometry = self._geometry().lattice
        resolution = min(round(self.config.finer * geometry.resolution), self.config.max_resolution)
        wanted = Lattice.over(geometry.box, resolution)
        wanted = in_bricks(wanted) if self._geometry().is_too_fine(wanted) else wanted
        if wanted != self.features.lattice:
            self._put_on(wanted)

    @torch.no_grad()
    def _put_on(self, lattice: Lattice) -> None:
        device, channels = self.features.values.device, self.config.channels
        geometry = self._geometry()
        if not geometry.is_too_fine(lattice):
            self.features.replace(self._own(lattice.positions(device)).view(*lattice.shape, channels), lattice)
            return
        warm_up_bricks(self.engine, device)
        voxel = lattice.voxel
        bricks = bricks_around(lambda x: geometry.sdf(x) / voxel, lattice, geometry.reach / voxel, device)
        values = torch.zeros(bricks.rows, channels, device=device)
        values_at_rows(bricks, lattice, self._own, values)
        self.features.replace(values, lattice, bricks)


def _input_width(config: GridRadianceConfig) -> int:
    width = config.channels if config.use_feature else 3
    return width + 3 * config.use_normal + NUM_HARMONICS * config.use_view
