"""A ball's distances, on all nodes of a lattice and on the bricks near its surface."""

import torch

from idr_neus_plugins.fields.grid.bricks import Bricks, truncated_distance
from idr_neus_plugins.fields.grid.lattice import Lattice

LATTICE = Lattice((-1.1, -1.0, -1.2), 0.04, (56, 48, 64))
RADIUS, REACH = 0.75, 8.0


def distance(positions: torch.Tensor) -> torch.Tensor:
    """Voxels, at scene positions."""
    return (positions.norm(dim=1) - RADIUS) / LATTICE.voxel


def dense() -> torch.Tensor:
    return distance(LATTICE.positions()).view(LATTICE.shape)


def in_bricks() -> tuple[torch.Tensor, Bricks]:
    return truncated_distance(distance, LATTICE, REACH, torch.device("cpu"))
