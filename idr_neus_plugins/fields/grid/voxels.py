"""What samplers and colours ask of any geometry that lives on a grid of voxels."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from idr_neus_plugins.fields.geometry import GeometryConfig, GeometryField
from idr_neus_plugins.fields.grid.engine import EngineName, engine
from idr_neus_plugins.fields.grid.lattice import Lattice, LatticeValues
from idr_neus_plugins.fields.grid.nodes import ListedNodes


@dataclass
class VoxelGeometryConfig(GeometryConfig):
    """Lengths of schedules are shares of the training."""

    resolutions: tuple[int, ...] = (64, 96, 128)
    """Cube root of the number of voxels, coarse to fine."""
    starts: tuple[float, ...] = (0.0, 0.2, 0.4)
    """Progress at which each resolution begins."""
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
    def engine(self) -> ModuleType:
        return engine(self.config.engine, self.control.values.device.type)

    def march(
        self,
        origins: Float[Tensor, "rays 3"],
        directions: Float[Tensor, "rays 3"],
        jitter: Float[Tensor, " rays"],
        step: float,
    ) -> tuple[Float[Tensor, " sections"], Int[Tensor, " rays"]]:
        """Sections of length ``step`` voxels where there may be something: distances of their middles (scene units),
        number per ray."""
        if self._states is None or self._states.shape != self.control.values.shape:
            with torch.no_grad():
                self._states, trained = self._find_nodes()
            self.control.values.nodes = ListedNodes(trained, self.engine)
            if self.control.values.grad is not None:
                self.control.values.grad.zero_()  # what losses have left at nodes that no step has taken
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
            finer = Lattice.over(self.lattice.box, resolution)
            with torch.no_grad():
                self._replace(self._values_on(finer), finer)
        if self._steps % self.config.refresh_every == 0:
            self._states = None

    def regularisers(self) -> dict[str, Tensor]:
        if self._steps % self.config.smoothness_every or self._states is None:
            return {}
        nodes = self.control.values.nodes
        assert isinstance(nodes, ListedNodes)  # set along with the states
        weight = self.config.smoothness_every * self._smoothness_weight
        return {"smoothness": weight * self.engine.smoothness(self.control.values, nodes.nodes)}

    @property
    def _smoothness_weight(self) -> float:
        """Of half the mean squared Laplacian, at the present progress."""
        raise NotImplementedError

    def _find_nodes(self) -> tuple[UInt8[Tensor, "x y z"], Int[Tensor, " trained"]]:
        """States of all nodes for marching, and the flat numbers of those that training concerns."""
        raise NotImplementedError

    def _values_on(self, finer: Lattice) -> Float[Tensor, "x y z"]:
        """What the values become on a finer lattice."""
        raise NotImplementedError

    def _replace(self, values: Float[Tensor, "x y z"], lattice: Lattice) -> None:
        self.control.replace(values, lattice)
        self._states = None
