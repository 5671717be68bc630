"""Which nodes of a fine lattice are stored: those in bricks of 8 x 8 x 8 nodes near the surface.

A lattice's values lie in memory either densely, [x, y, z, ...], or as the rows [rows, ...] of its bricks one after the
other. All bricks that are not stored share two: one outside of the surface and one inside. So whatever asks finds a row
for every node, and memory grows with the surface's area and not with the volume around it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import max_pool3d

from idr_neus_plugins.fields.grid.lattice import Lattice

SIDE = 8
"""Nodes along each edge of a brick; kernels take the node's place in it from the lowest three bits."""
NODES = SIDE**3
OUTSIDE, INSIDE, SHARED = 0, NODES, 2 * NODES
"""First rows of the two shared bricks, and of the first brick that is stored."""
AT_ONCE = 1 << 21
"""Nodes that are visited in one go."""


@dataclass(frozen=True)
class Bricks:
    first: Int[Tensor, "x_bricks y_bricks z_bricks"]
    """int32, the first row of each brick."""
    lowest: Int[Tensor, "bricks 3"]
    """int32, the lowest node of each brick that has rows; zeros for the two shared ones."""

    @classmethod
    def of(cls, first: Int[Tensor, "x_bricks y_bricks z_bricks"]) -> Bricks:
        stored = (first >= SHARED).nonzero()
        order = first[tuple(stored.T)].argsort()
        shared = stored.new_zeros(2, 3)
        return cls(first, torch.cat([shared, SIDE * stored[order]]).int())

    @classmethod
    def near(cls, distance: Float[Tensor, "x_probes y_probes z_probes"], reach: float) -> Bricks:
        """Bricks that hold nodes within ``reach`` of the surface.

        Args:
            distance: signed, at every fourth node (see ``probes``). Nothing is lost where it is exact up to ``reach``,
                and no more is stored where it is ± ``reach`` beyond.
        """
        near = distance.abs() < 0.999 * reach
        stored = max_pool3d(near[None, None].float(), 3, stride=2)[0, 0] > 0
        first = torch.where(distance[1::2, 1::2, 1::2] < 0, INSIDE, OUTSIDE).int()
        first[stored] = SHARED + NODES * torch.arange(int(stored.sum()), dtype=torch.int32, device=first.device)
        return cls.of(first)

    @property
    def shape(self) -> torch.Size:
        """Nodes of the whole lattice."""
        return torch.Size(SIDE * n for n in self.first.shape)

    @property
    def rows(self) -> int:
        return NODES * len(self.lowest)

    def row(self, i: Int[Tensor, " *#n"], j: Int[Tensor, " *#n"], k: Int[Tensor, " *#n"]) -> Int[Tensor, " *n"]:
        """Where the nodes' values lie."""
        within = (i % SIDE * SIDE + j % SIDE) * SIDE + k % SIDE
        return self.first[i // SIDE, j // SIDE, k // SIDE].long() + within

    def nodes(self, rows: Int[Tensor, " n"]) -> Int[Tensor, "n 3"]:
        """Nodes of rows that are stored."""
        within = torch.stack([rows // SIDE**2 % SIDE, rows // SIDE % SIDE, rows % SIDE], dim=-1)
        return self.lowest[rows // NODES].long() + within


def in_bricks(lattice: Lattice) -> Lattice:
    """As many more nodes as make whole bricks."""
    nx, ny, nz = (-(-n // SIDE) * SIDE for n in lattice.shape)
    return Lattice(lattice.lower, lattice.voxel, (nx, ny, nz))


def probes(lattice: Lattice) -> Lattice:
    """Every fourth node of a lattice in bricks: corners and middles of bricks, of their edges and of their sides."""
    nx, ny, nz = (2 * n // SIDE + 1 for n in lattice.shape)
    return Lattice(lattice.lower, SIDE // 2 * lattice.voxel, (nx, ny, nz))


def values_at_rows(
    bricks: Bricks, lattice: Lattice, values_at: Callable[[Tensor], Tensor], out: Float[Tensor, "rows ..."]
) -> None:
    """Sets the stored rows to the values at their nodes' positions (scene units)."""
    for first in range(SHARED, bricks.rows, AT_ONCE):
        rows = torch.arange(first, min(first + AT_ONCE, bricks.rows), device=out.device)
        out[rows[0] : rows[-1] + 1] = values_at(lattice.at(bricks.nodes(rows)))


def bricks_around(
    distance: Callable[[Float[Tensor, "points 3"]], Float[Tensor, " points"]],
    lattice: Lattice,
    reach: float,
    device: torch.device,
) -> Bricks:
    """See ``Bricks.near``; ``distance`` is in voxels of the lattice, at scene positions."""
    asked = probes(lattice)
    return Bricks.near(distance(asked.positions(device)).view(asked.shape), reach)


def truncated_distance(
    distance: Callable[[Float[Tensor, "points 3"]], Float[Tensor, " points"]],
    lattice: Lattice,
    reach: float,
    device: torch.device,
) -> tuple[Float[Tensor, " rows"], Bricks]:
    """Signed distance in voxels up to ``reach``, on bricks; beyond, and where nothing is stored, ± ``reach``.

    Args:
        distance: voxels of the lattice, at scene positions.
    """
    bricks = bricks_around(distance, lattice, reach, device)
    values = torch.empty(bricks.rows, device=device)
    values[OUTSIDE:INSIDE], values[INSIDE:SHARED] = reach, -reach
    values_at_rows(bricks, lattice, lambda positions: distance(positions).clamp(-reach, reach), values)
    return values, bricks
