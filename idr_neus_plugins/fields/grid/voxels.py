"""What samplers and colours ask of any geometry that lives on a grid of voxels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import ModuleType

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from idr_neus_plugins.fields.geometry import GeometryConfig, GeometryField
from idr_neus_plugins.fields.grid.bricks import Bricks
from idr_neus_plugins.fields.grid.engine import EngineName, engine
from idr_neus_plugins.fields.grid.lattice import Lattice
from idr_neus_plugins.fields.grid.lattice_values import LatticeValues
from idr_neus_plugins.fields.grid.nodes import ListedNodes
from idr_neus_plugins.fields.grid.warm_up import warm_up_bricks


@dataclass
class VoxelGeometryConfig(GeometryConfig):
    """Lengths of schedules are shares of the training."""

    resolutions: tuple[int, ...] = (64, 96, 128)
    """Cube root of the number of voxels, coarse to fine."""
    starts: tuple[float, ...] = (0.0, 0.2, 0.4)
    """Progress at which each resolution begins."""
    dense_up_to: int = 256
    """Above this resolution only bricks around the surface are stored (see ``bricks.py``). The surface cannot leave
    them until the next refinement."""
    smoothness_every: int = 4
    """Steps between smoothness terms, which visit all nodes that training concerns."""
    refresh_every: int = 100
    """Steps between searches for the nodes that training concerns."""
    engine: EngineName = "auto"
    """Which implementation runs the grid's operations; auto: the fastest that runs on the device."""


class VoxelGeometry(GeometryField):
    """A geometry whose values are at the nodes of a lattice, which training refines.

    Marching and training concern some of the nodes only; which ones is searched for when it is asked for after
    every refinement and every ``refresh_every`` steps.
    """

    group = "grid"
    control: LatticeValues

    def __init__(self, config: VoxelGeometryConfig, values: Float[Tensor, "x y z"], lattice: Lattice) -> None:
        super().__init__()
        self.config = config
        self.control = LatticeValues(values, lattice)
        self._steps = 0
        self._states: Tensor | None = None

    @property
    def lattice(self) -> Lattice:
        return self.control.lattice

    @property
    def reach(self) -> float:
        """Distance from the surface, scene units, within which intervals may be until the next refinement."""
        return math.inf

    def is_too_fine(self, lattice: Lattice) -> bool:
        """Whether only a lattice's bricks near the surface should be stored."""
        return lattice.resolution > 1.05 * self.config.dense_up_to

    @property
    def engine(self) -> ModuleType:
        return engine(self.config.engine, self.control.values.device.type)

    def march(
        self,
        origins: Float[Tensor, "rays 3"],
        directions: Float[Tensor, "rays 3"],
        jitter: Float[Tensor, " rays"],
        step: float,
    ) -> tuple[Float[Tensor, " intervals"], Int[Tensor, " rays"]]:
        """Intervals of length ``step`` voxels where there may be something: distances of their middles (scene units),
        number per ray."""
        if self._states is None or self._states.shape != self.control.values.shape:
            with torch.no_grad():
                self._states, trained = self._find_nodes()
            self.control.values.nodes = ListedNodes(trained, self.engine)
            if self.control.values.grad is not None:
                self.control.values.grad.zero_()  # what losses have left at nodes that no step has taken
        lattice = self.lattice
        return self.engine.march(
            origins,
            directions,
            jitter,
            lattice.lower,
            lattice.voxel,
            self._states,
            step * lattice.voxel,
            self.control.bricks,
        )

    def set_progress(self, progress: float) -> None:
        if not self.training:
            self._states = None  # where marching looks depends on the progress
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
        assert isinstance(nodes, ListedNodes)  # set along with the states
        weight = self.config.smoothness_every * self._smoothness_weight
        return {"smoothness": weight * self.engine.smoothness(self.control.values, nodes.nodes, self.control.bricks)}

    @property
    def _smoothness_weight(self) -> float:
        """Of half the mean squared Laplacian, at the present progress."""
        raise NotImplementedError

    def _find_nodes(self) -> tuple[UInt8[Tensor, "*nodes"], Int[Tensor, " trained"]]:
        """States of all nodes for marching, and the rows of those that training concerns."""
        raise NotImplementedError

    def _refine(self, finer: Lattice) -> None:
        """Puts the values on a finer lattice."""
        raise NotImplementedError

    def _replace(self, values: Float[Tensor, "*nodes"], lattice: Lattice, bricks: Bricks | None = None) -> None:
        if bricks is not None:
            warm_up_bricks(self.engine, values.device)
        self.control.replace(values, lattice, bricks)
        self._states = None
