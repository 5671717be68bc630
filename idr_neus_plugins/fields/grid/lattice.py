"""A box of regularly spaced nodes, and tensors of values that live on one."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, prod
from types import ModuleType

import torch
from jaxtyping import Float
from torch import Tensor, nn

from idr_neus_plugins.fields.grid.memory import grid_zeros
from idr_neus_plugins.fields.grid.nodes import ListedNodes, MarkedNodes


@dataclass(frozen=True)
class Lattice:
    """Nodes at ``lower + voxel * (i, j, k)``, scene units."""

    lower: tuple[float, float, float]
    voxel: float
    shape: tuple[int, int, int]

    @classmethod
    def over(cls, box: Float[Tensor, "2 3"], resolution: int) -> Lattice:
        """About ``resolution ** 3`` cubic voxels that cover a box (its lowest and highest corner)."""
        extent = (box[1] - box[0]).double()
        voxel = (extent.prod().item() / resolution**3) ** (1.0 / 3.0)
        nx, ny, nz = (ceil(length / voxel) + 1 for length in extent.tolist())
        x, y, z = box[0].double().tolist()
        return cls((x, y, z), voxel, (nx, ny, nz))

    @property
    def box(self) -> Float[Tensor, "2 3"]:
        """Lowest and highest node, scene units."""
        lower = torch.tensor(self.lower, dtype=torch.float64)
        return torch.stack([lower, lower + self.voxel * (torch.tensor(self.shape) - 1)])

    @property
    def resolution(self) -> float:
        """Cube root of the number of voxels."""
        return prod(n - 1 for n in self.shape) ** (1.0 / 3.0)

    def coords(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, "points 3"]:
        """Scene positions -> index coordinates, in which nodes are integers."""
        return (positions - positions.new_tensor(self.lower)) / self.voxel

    def positions(self, device: torch.device | str = "cpu") -> Float[Tensor, "nodes 3"]:
        """Scene positions of all nodes, the last axis fastest."""
        axes = [
            lower + self.voxel * torch.arange(n, device=device) for lower, n in zip(self.lower, self.shape, strict=True)
        ]
        return torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1).reshape(-1, 3).float()

    def clamp(self, positions: Float[Tensor, "points 3"], margin: float) -> Float[Tensor, "points 3"]:
        """The nearest positions that are at least ``margin`` voxels inside the box."""
        coords = self.coords(positions)
        upper = coords.new_tensor(self.shape) - 1.0 - margin
        return coords.clamp(min=margin).minimum(upper) * self.voxel + positions.new_tensor(self.lower)


class LatticeParameter(nn.Parameter):
    """Trainable values at nodes, with a note of which of them an optimiser step concerns."""

    nodes: ListedNodes | MarkedNodes


class LatticeValues(nn.Module):
    """Trainable values at the nodes of a lattice that may be exchanged for a finer one; checkpoints bring theirs."""

    frame: Float[Tensor, " 4"]
    """Lower corner and voxel size, as the checkpoint keeps them: float64, so that a lattice survives exactly."""

    def __init__(self, values: Float[Tensor, "x y z ..."], lattice: Lattice) -> None:
        super().__init__()
        self.values = LatticeParameter(values)
        self.register_buffer("frame", torch.zeros(4, dtype=torch.float64))
        self.replace(values, lattice)

    def replace(self, values: Float[Tensor, "x y z ..."], lattice: Lattice) -> None:
        """Exchanges values and lattice; the parameter stays the same object, so that its optimiser keeps it."""
        fresh = grid_zeros(values.shape, self.values.device).to(self.values.dtype).copy_(values.detach())
        self.values.grad = None
        # While the graph of an earlier step is alive, autograd expects gradients of the old shape, until it is made to
        # forget them by a change of dtype.
        self.values.data = fresh.new_empty(0, dtype=torch.float64)
        self.values.data = fresh
        self.frame.copy_(torch.tensor([*lattice.lower, lattice.voxel], dtype=torch.float64))
        self.lattice = lattice

    def touched(self, engine: ModuleType) -> MarkedNodes:
        """Where a read notes its nodes, for an optimiser that updates only those."""
        rows, nodes = self.values.shape[:3].numel(), getattr(self.values, "nodes", None)
        if not isinstance(nodes, MarkedNodes) or nodes.rows != rows:
            nodes = self.values.nodes = MarkedNodes(rows, self.values.device, engine)
        return nodes

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args) -> None:
        values, frame = state_dict.get(prefix + "values"), state_dict.get(prefix + "frame")
        if values is not None and frame is not None:
            x, y, z, voxel = frame.tolist()
            nx, ny, nz = values.shape[:3]
            self.replace(values, Lattice((x, y, z), voxel, (nx, ny, nz)))
        super()._load_from_state_dict(state_dict, prefix, *args)
