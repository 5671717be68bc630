"""Which rows of a grid an optimiser step concerns: few, and all others must not cost anything.

A parameter on a lattice carries one of these as its attribute ``nodes``; :class:`NodeAdam` asks it.
"""

from __future__ import annotations

from types import ModuleType

import torch
from jaxtyping import Int, UInt8
from torch import Tensor

from idr_neus_plugins.fields.grid.bricks import Bricks
from idr_neus_plugins.fields.grid.processes import unite_marks


class ListedNodes:
    """A fixed list, e.g. the nodes in a band around the surface."""

    def __init__(self, nodes: Int[Tensor, " nodes"], engine: ModuleType, bricks: Bricks | None = None) -> None:
        """``bricks``: where the nodes' values lie, unless all nodes are stored."""
        self.nodes, self.engine, self.bricks = nodes, engine, bricks

    def take(self) -> list[Int[Tensor, " _some"]]:
        """Lists of node numbers, each node once."""
        return [self.nodes]


class MarkedNodes:
    """The nodes that a step has touched: reads mark them, the optimiser takes the list and clears the marks."""

    marks: UInt8[Tensor, "words 8"]
    """Non-zero where touched; padded to whole words, so that stretches without marks are skipped eight at a time."""

    def __init__(self, rows: int, device: torch.device, engine: ModuleType) -> None:
        self.rows, self.engine = rows, engine
        self.marks = torch.zeros((-(-rows // 8), 8), dtype=torch.uint8, device=device)

    @property
    def flat(self) -> UInt8[Tensor, " rows"]:
        return self.marks.view(-1)[: self.rows]

    def take(self) -> list[Int[Tensor, " _some"]]:
        """Lists of node numbers, each node once; clears the marks. Of all processes, where several train together."""
        unite_marks(self.marks)
        return self.engine.take_marked(self.marks)
