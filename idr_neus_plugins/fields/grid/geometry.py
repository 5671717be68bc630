"""The surface as a B-spline over a voxel grid: no network, no second derivative, coarse to fine.

The grid's control values are signed distances *in voxels*. Training sees only a band around the surface, as wide as the
opacity reaches: with a soft opacity that is the whole interior, so a wrong start can move; as the opacity sharpens the
band narrows, and empty and hidden space cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float, Int, UInt8
from rich import print as rich_print
from torch import Tensor

from idr_neus_plugins.core.views import Views
from idr_neus_plugins.fields.geometry import Evidence, GeometryOutput
from idr_neus_plugins.fields.grid.bricks import in_bricks, truncated_distance
from idr_neus_plugins.fields.grid.carving import carved
from idr_neus_plugins.fields.grid.lattice import Lattice
from idr_neus_plugins.fields.grid.prior import Prior
from idr_neus_plugins.fields.grid.redistance import redistance
from idr_neus_plugins.fields.grid.reference import nodes_of, shape_of
from idr_neus_plugins.fields.grid.start import MARGIN, known_surface, sphere, visual_hull
from idr_neus_plugins.fields.grid.voxels import VoxelGeometry, VoxelGeometryConfig


@dataclass
class GridGeometryConfig(VoxelGeometryConfig):
    """Lengths of schedules are shares of the training."""

    resolutions: tuple[int, ...] = (64, 96, 128, 192, 256)
    starts: tuple[float, ...] = (0.0, 0.2, 0.35, 0.5, 0.7)
    inv_s_start: float = 10.0
    """Sharpness at the start, 1 / scene unit: a tenth of the region is translucent and can still move."""
    inv_s_end: float = 410.0
    """Sharpness at the end, reached linearly, unless the voxels are too coarse for it."""
    inv_s_per_voxel: float = 2.0
    """Upper bound of sharpness times voxel size: a steeper opacity would be lost between samples."""
    band_in_s: float = 5.0
    """Half-width of the band in units of 1 / inv_s; e^-5 of the light gets past it."""
    smoothness: float = 1.0
    """Weight of smoothness (see ``reference.smoothness``), where half of the surface is agreed on by photographs: less
    where more is, and more where less (see ``prior.py``)."""
    start: Path | None = None
    """Start from this surface, cut to the visual hull where there are masks, instead of from the hull: start.npz of
    idr-neus reconstruct."""
    hull_tolerance: float = 0.0
    """Share of the views that may contradict the visual hull the training starts from: for inexact cameras."""
    carve: bool = True
    """Whether the hull is carved by depths that the photographs agree on."""
    hull_margin: int = MARGIN
    """Voxels of the hull's lattice (128^3 in the region) that the grid's box leaves around it."""

    @property
    def first_resolution(self) -> int:
        """Grids begin dense; where finer voxels are wanted from the start, the first step refines them."""
        return min(self.resolutions[0], self.dense_up_to)

    def setup(self, region: Float[Tensor, "2 3"]) -> GridGeometry:
        return GridGeometry(self, region)


SLACK = 8.0
"""Voxels by which bricks reach farther than the band, in which the surface may move."""


class GridGeometry(VoxelGeometry):
    config: GridGeometryConfig
    region: Float[Tensor, "2 3"]
    """Where a surface may be, scene units; the grid's box is within."""

    def __init__(self, config: GridGeometryConfig, region: Float[Tensor, "2 3"]) -> None:
        lattice = Lattice.over(region, config.first_resolution)
        super().__init__(config, sphere(lattice, region), lattice)
        self.progress = 0.0
        self.prior = Prior(region)
        self.register_buffer("region", region.clone(), persistent=False)

    @property
    def inv_s(self) -> float:
        """Sharpness that suits the progress and the voxels, 1 / scene unit."""
        return self._inv_s(self.lattice.voxel)

    @property
    def reach(self) -> float:
        return self.lattice.voxel * self._reach(self.lattice.voxel)

    def forward(self, positions: Float[Tensor, "points 3"]) -> GeometryOutput:
        """Beyond the grid's box value and gradient are those of its nearest point; ``sdf`` adds the distance to it."""
        coords = self.lattice.coords(positions)
        value, gradient = self.engine.spline(self.control.values, coords, self.control.bricks)
        return GeometryOutput(self.lattice.voxel * value, gradient, None)

    def sdf(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
        outside = (positions - self.lattice.clamp(positions, margin=0.5)).norm(dim=1)
        return self(positions).sdf + outside

    def set_progress(self, progress: float) -> None:
        self.progress = progress
        super().set_progress(progress)

    @torch.no_grad()
    def initialise(self, views: Views) -> None:
        distance, lattice = self._hull(views) or (None, Lattice.over(self.region, self.config.first_resolution))
        if self.config.start is not None:
            distance = known_surface(self.config.start, views, lattice, distance)
        if distance is None:
            rich_print("The surface starts from a sphere: there are no masks, or the cameras have distortion.")
            return
        self._replace(distance, lattice)
        self._put_on(Lattice.over(lattice.box, self.config.first_resolution))

    def _hull(self, views: Views) -> tuple[Float[Tensor, "x y z"], Lattice] | None:
        """Distance in voxels of a lattice that encloses it; None where there is none to be had."""
        if views.foreground is None or not views.is_pinhole:
            return None
        distance, lattice = visual_hull(views, self.region, self.config.hull_tolerance, self.config.hull_margin)
        if self.config.carve:
            distance = carved(distance, lattice, views)
        # Half a voxel inside the hull, which is the outermost that the surface can be.
        return distance + 0.5, lattice

    def hear(self, evidence: Evidence) -> None:
        self.prior.hear(evidence)

    def _weights_at(self, nodes: Int[Tensor, " listed"]) -> Float[Tensor, " listed"]:
        bricks = self.control.bricks
        listed = torch.stack(nodes_of(shape_of(self.control.values, bricks), bricks, nodes.long()), dim=1)
        return self.prior.at(self.lattice.at(listed))

    @property
    def _smoothness_weight(self) -> float:
        return self.config.smoothness

    def _inv_s(self, voxel: float) -> float:
        config = self.config
        scheduled = config.inv_s_start + (config.inv_s_end - config.inv_s_start) * self.progress
        return min(scheduled, config.inv_s_per_voxel / voxel)

    def _half_width(self, voxel: float) -> float:
        """Of the band around the surface, voxels of that size."""
        return self.config.band_in_s / (self._inv_s(voxel) * voxel) + 1.0

    def _reach(self, voxel: float) -> float:
        return self._half_width(voxel) + SLACK

    def _find_nodes(self) -> tuple[UInt8[Tensor, "*nodes"], Int[Tensor, " band"]]:
        return self.engine.classify(self.control.values, self._half_width(self.lattice.voxel), self.control.bricks)

    @torch.no_grad()
    def _refine(self, finer: Lattice) -> None:
        if self.control.bricks is None:  # in bricks there is nothing far from the surface to be mended
            self.control.values.copy_(redistance(self.control.values))
        self._put_on(finer)

    def _put_on(self, lattice: Lattice) -> None:
        """Exchanges the lattice; the surface stays where it is."""
        device = self.control.values.device

        def distance(positions: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
            return self(positions).sdf / lattice.voxel

        if not self.is_too_fine(lattice):
            self._replace(distance(lattice.positions(device)).view(lattice.shape), lattice)
        else:
            whole = in_bricks(lattice)
            values, bricks = truncated_distance(distance, whole, self._reach(whole.voxel), device)
            self._replace(values, whole, bricks)
