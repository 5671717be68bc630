"""What samplers and colours ask of any geometry that lives on a grid of voxels."""

from __future__ import annotations

from types import ModuleType

from jaxtyping import Float, Int
from torch import Tensor

from idr_neus_plugins.fields.geometry import GeometryField
from idr_neus_plugins.fields.grid.engine import EngineName, engine
from idr_neus_plugins.fields.grid.lattice import Lattice, LatticeValues


class VoxelGeometry(GeometryField):
    """A geometry whose values are at the nodes of a lattice, which training refines."""

    group = "grid"
    engine_name: EngineName
    control: LatticeValues

    @property
    def lattice(self) -> Lattice:
        return self.control.lattice

    @property
    def engine(self) -> ModuleType:
        return engine(self.engine_name, self.control.values.device.type)

    def march(
        self,
        origins: Float[Tensor, "rays 3"],
        directions: Float[Tensor, "rays 3"],
        jitter: Float[Tensor, " rays"],
        step: float,
    ) -> tuple[Float[Tensor, " sections"], Int[Tensor, " rays"]]:
        """Sections of length ``step`` voxels where there may be something: distances of their middles (scene units),
        number per ray."""
        raise NotImplementedError
