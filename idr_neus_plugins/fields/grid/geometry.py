"""The surface as a B-spline over a voxel grid: no network, no second derivative, coarse to fine.

The grid's control values are signed distances *in voxels*. Training sees only a band around the surface, as wide as the
opacity reaches: with a soft opacity that is the whole interior, so a wrong start can move; as the opacity sharpens the
band narrows, and empty and hidden space cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from rich import print as rich_print
from torch import Tensor

from idr_neus_plugins.core.views import TrainingViews
from idr_neus_plugins.fields.geometry import GeometryConfig, GeometryOutput
from idr_neus_plugins.fields.grid.engine import EngineName
from idr_neus_plugins.fields.grid.lattice import Lattice, LatticeValues
from idr_neus_plugins.fields.grid.nodes import ListedNodes
from idr_neus_plugins.fields.grid.redistance import redistance
from idr_neus_plugins.fields.grid.start import MARGIN, sphere, visual_hull
from idr_neus_plugins.fields.grid.voxels import VoxelGeometry


@dataclass
class GridGeometryConfig(GeometryConfig):
    """Lengths of schedules are shares of the training."""

    resolutions: tuple[int, ...] = (64, 96, 128, 192, 256)
    """Cube root of the number of voxels, coarse to fine."""
    starts: tuple[float, ...] = (0.0, 0.2, 0.35, 0.5, 0.7)
    """Progress at which each resolution begins."""
    inv_s_start: float = 10.0
    """Sharpness at the start, 1 / scene unit: a tenth of the region is translucent and can still move."""
    inv_s_end: float = 410.0
    """Sharpness at the end, reached linearly, unless the voxels are too coarse for it."""
    inv_s_per_voxel: float = 2.0
    """Upper bound of sharpness times voxel size: a steeper opacity would be lost between samples."""
    band_in_s: float = 5.0
    """Half-width of the band in units of 1 / inv_s; e^-5 of the light gets past it."""
    smoothness_start: float = 1e-3
    """Weight of half the mean squared Laplacian (voxels) at the start, when the surface still has to move far ..."""
    smoothness_end: float = 3e-2
    """... and at the end; geometric in between."""
    smoothness_every: int = 4
    """Steps between smoothness terms, which visit the whole band."""
    refresh_every: int = 100
    """Steps between updates of the band."""
    hull_tolerance: float = 0.0
    """Share of the views that may contradict the visual hull the training starts from: for inexact cameras."""
    hull_margin: int = MARGIN
    """Voxels of the hull's lattice (96^3 in the region) that the grid's box leaves around it."""
    engine: EngineName = "auto"
    """Which implementation runs the grid's operations; auto: Numba on the CPU, PyTorch elsewhere."""

    def setup(self, region: Float[Tensor, "2 3"]) -> GridGeometry:
        return GridGeometry(self, region)


class GridGeometry(VoxelGeometry):
    region: Float[Tensor, "2 3"]
    """Where a surface may be, scene units; the grid's box is within."""

    def __init__(self, config: GridGeometryConfig, region: Float[Tensor, "2 3"]) -> None:
        super().__init__()
        self.config, self.engine_name = config, config.engine
        self.progress = 0.0
        self._steps = 0
        self._states: Tensor | None = None
        self.register_buffer("region", region.clone(), persistent=False)
        lattice = Lattice.over(region, config.resolutions[0])
        self.control = LatticeValues(sphere(lattice, region), lattice)

    @property
    def inv_s(self) -> float:
        """Sharpness that suits the progress and the voxels, 1 / scene unit."""
        config = self.config
        scheduled = config.inv_s_start + (config.inv_s_end - config.inv_s_start) * self.progress
        return min(scheduled, config.inv_s_per_voxel / self.lattice.voxel)

    def forward(self, positions: Float[Tensor, "points 3"]) -> GeometryOutput:
        """Beyond the grid's box value and gradient are those of its nearest point; ``sdf`` adds the distance to it."""
        value, gradient = self.engine.spline(self.control.values, self.lattice.coords(positions))
        return GeometryOutput(self.lattice.voxel * value, gradient, None)

    def sdf(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
        outside = (positions - self.lattice.clamp(positions, margin=0.5)).norm(dim=1)
        return self(positions).sdf + outside

    def march(
        self,
        origins: Float[Tensor, "rays 3"],
        directions: Float[Tensor, "rays 3"],
        jitter: Float[Tensor, " rays"],
        step: float,
    ) -> tuple[Float[Tensor, " sections"], Int[Tensor, " rays"]]:
        """Sections of length ``step`` voxels in the band: distances of their middles (scene units), number per ray."""
        if self._states is None or self._states.shape != self.control.values.shape:
            self._find_band()
        lattice = self.lattice
        return self.engine.march(
            origins, directions, jitter, lattice.lower, lattice.voxel, self._states, step * lattice.voxel
        )

    def set_progress(self, progress: float) -> None:
        self.progress = progress
        if not self.training:
            return
        self._steps += 1
        resolution = self.config.resolutions[sum(progress >= start for start in self.config.starts) - 1]
        if self.lattice.resolution < 0.95 * resolution:
            self._refine(Lattice.over(self.lattice.box, resolution))
        if self._steps % self.config.refresh_every == 0:
            self._states = None

    def initialise(self, views: TrainingViews) -> None:
        if views.foreground is None or not views.is_pinhole:
            rich_print("The surface starts from a sphere: there are no masks, or the cameras have distortion.")
            return
        distance, lattice = visual_hull(views, self.region, self.config.hull_tolerance, self.config.hull_margin)
        # Half a voxel inside the hull, which is the outermost that the surface can be.
        self._resample(distance + 0.5, lattice, Lattice.over(lattice.box, self.config.resolutions[0]))

    def regularisers(self) -> dict[str, Tensor]:
        every = self.config.smoothness_every
        if self._steps % every or self._states is None:
            return {}
        start, end = self.config.smoothness_start, self.config.smoothness_end
        weight = every * start * (end / start) ** self.progress
        band = self.control.values.nodes
        assert isinstance(band, ListedNodes)  # of _find_band, as the states are
        return {"smoothness": weight * self.engine.smoothness(self.control.values, band.nodes)}

    @torch.no_grad()
    def _refine(self, finer: Lattice) -> None:
        self._resample(redistance(self.control.values), self.lattice, finer)

    @torch.no_grad()
    def _resample(self, distance: Float[Tensor, "x y z"], coarse: Lattice, fine: Lattice) -> None:
        """Takes over distances in voxels from another lattice."""
        coords = coarse.coords(fine.positions(distance.device))
        value, _ = self.engine.spline(distance.contiguous(), coords)
        self.control.replace((value * (coarse.voxel / fine.voxel)).view(fine.shape), fine)
        self._states = None

    @torch.no_grad()
    def _find_band(self) -> None:
        """States of the nodes for marching, and the list of those that training concerns."""
        half_width = self.config.band_in_s / (self.inv_s * self.lattice.voxel) + 1.0
        self._states, active = self.engine.classify(self.control.values, half_width)
        self.control.values.nodes = ListedNodes(active, self.engine)
        if self.control.values.grad is not None:
            self.control.values.grad.zero_()  # what losses have left at nodes that no step has taken
