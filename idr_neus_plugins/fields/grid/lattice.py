"""A box of regularly spaced nodes."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, prod

import torch
from jaxtyping import Float, Int
from torch import Tensor


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

    def at(self, nodes: Int[Tensor, "nodes 3"]) -> Float[Tensor, "nodes 3"]:
        """Scene positions of some nodes."""
        lower = torch.tensor(self.lower, dtype=torch.float64, device=nodes.device)
        return (lower + self.voxel * nodes).float()

    def clamp(self, positions: Float[Tensor, "points 3"], margin: float) -> Float[Tensor, "points 3"]:
        """The nearest positions that are at least ``margin`` voxels inside the box."""
        coords = self.coords(positions)
        upper = coords.new_tensor(self.shape) - 1.0 - margin
        return coords.clamp(min=margin).minimum(upper) * self.voxel + positions.new_tensor(self.lower)
