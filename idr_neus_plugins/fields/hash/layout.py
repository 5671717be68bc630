"""How the levels of a multi-resolution hash grid lie in one table."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from idr_neus_plugins.errors import UserError

PRIMES = (1, 2654435761, 805459861)
"""Of the spatial hash (Teschner et al. 2003), as Instant-NGP has them."""


@dataclass
class HashLevels:
    """Geometrically finer grids over the unit cube (Müller et al. 2022, Instant-NGP, section 3)."""

    levels: int = 14
    """Number of grids."""
    channels: int = 2
    """Features at a node of each."""
    coarsest: int = 16
    """Cells of the first grid along an axis."""
    finest: int = 1024
    """Cells of the last grid along an axis."""
    log2_rows: int = 19
    """Binary logarithm of the most rows that a level may have; where it has more nodes, nodes share rows."""

    def layout(self) -> Int[Tensor, "levels 4"]:
        """Per level: cells along an axis, first row in the table, number of rows, 1 where rows are found by hashing.

        Raises UserError where the sizes make no sense.
        """
        if self.levels < 1 or not 1 <= self.coarsest <= self.finest or not 4 <= self.log2_rows <= 24:
            raise UserError(
                "A hash grid needs at least 1 level, 1 <= coarsest <= finest, and log2_rows between 4 and 24; got "
                f"{self.levels}, {self.coarsest}, {self.finest} and {self.log2_rows}."
            )
        growth = (self.finest / self.coarsest) ** (1.0 / max(self.levels - 1, 1))
        cells = [int(self.coarsest * growth**level + 1e-6) for level in range(self.levels)]
        rows = [min((n + 1) ** 3, 1 << self.log2_rows) for n in cells]
        firsts = [sum(rows[:level]) for level in range(self.levels)]
        hashed = [int((n + 1) ** 3 > count) for n, count in zip(cells, rows, strict=True)]
        return torch.tensor([cells, firsts, rows, hashed]).T.contiguous()
