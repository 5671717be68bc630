"""Trainable values that live on a lattice's nodes, on all of them or on those of its bricks."""

from __future__ import annotations

from types import ModuleType

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from idr_neus_plugins.fields.grid.bricks import Bricks
from idr_neus_plugins.fields.grid.lattice import Lattice
from idr_neus_plugins.fields.grid.memory import grid_zeros
from idr_neus_plugins.fields.grid.nodes import ListedNodes, MarkedNodes


class LatticeParameter(nn.Parameter):
    """Trainable values at nodes, with a note of which of them an optimiser step concerns."""

    nodes: ListedNodes | MarkedNodes


class LatticeValues(nn.Module):
    """Trainable values at the nodes of a lattice that may be exchanged for a finer one; checkpoints bring theirs."""

    frame: Float[Tensor, " 4"]
    """Lower corner and voxel size, as the checkpoint keeps them: float64, so that a lattice survives exactly."""
    first: Int[Tensor, "x_bricks y_bricks z_bricks"]
    """Of the bricks; empty where all nodes are stored."""

    def __init__(self, values: Float[Tensor, "x y z ..."], lattice: Lattice) -> None:
        super().__init__()
        self.values = LatticeParameter(values)
        self.register_buffer("frame", torch.zeros(4, dtype=torch.float64))
        self.register_buffer("first", torch.zeros(0, 0, 0, dtype=torch.int32))
        self._bricks: Bricks | None = None
        self.replace(values, lattice)

    @property
    def bricks(self) -> Bricks | None:
        """None where all nodes are stored."""
        if self.first.numel() == 0:
            return None
        if self._bricks is None or self._bricks.first is not self.first:  # new, or on another device
            self._bricks = Bricks.of(self.first)
        return self._bricks

    def replace(self, values: Float[Tensor, "*nodes"], lattice: Lattice, bricks: Bricks | None = None) -> None:
        """Exchanges values and lattice; the parameter stays the same object, so that its optimiser keeps it.

        Args:
            values: [x, y, z, ...] of all nodes, or [rows, ...] of the bricks.
        """
        fresh = grid_zeros(values.shape, self.values.device).to(self.values.dtype).copy_(values.detach())
        self.values.grad = None
        # While the graph of an earlier step is alive, autograd expects gradients of the old shape, until it is made to
        # forget them by a change of dtype.
        self.values.data = fresh.new_empty(0, dtype=torch.float64)
        self.values.data = fresh
        self.frame.copy_(torch.tensor([*lattice.lower, lattice.voxel], dtype=torch.float64))
        self.lattice, self._bricks = lattice, bricks
        self.first = self.first.new_zeros(0, 0, 0) if bricks is None else bricks.first

    def touched(self, engine: ModuleType) -> MarkedNodes:
        """Where a read notes its nodes, for an optimiser that updates only those."""
        nodes = getattr(self.values, "nodes", None)
        rows = self.bricks.rows if self.bricks else self.values.shape[:3].numel()
        if not isinstance(nodes, MarkedNodes) or nodes.rows != rows:
            nodes = self.values.nodes = MarkedNodes(rows, self.values.device, engine)
        return nodes

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args) -> None:
        values, frame = state_dict.get(prefix + "values"), state_dict.get(prefix + "frame")
        if values is not None and frame is not None:
            first = state_dict.setdefault(
                prefix + "first", self.first.new_zeros(0, 0, 0)
            )  # older checkpoints are dense
            x, y, z, voxel = frame.tolist()
            bricks = Bricks.of(first.to(self.first.device)) if first.numel() else None
            nx, ny, nz = values.shape[:3] if bricks is None else bricks.shape
            self.replace(values, Lattice((x, y, z), voxel, (nx, ny, nz)), bricks)
        super()._load_from_state_dict(state_dict, prefix, *args)
