"""Multi-resolution hash encodings: features of a position, and how to get from their derivative to the position's."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import ModuleType

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.fields.grid.engine import EngineName, engine
from idr_neus_plugins.fields.grid.lattice_values import LatticeParameter
from idr_neus_plugins.fields.grid.memory import grid_zeros
from idr_neus_plugins.fields.grid.nodes import MarkedNodes
from idr_neus_plugins.fields.hash.layout import HashLevels

PullBack = Callable[[Tensor], Tensor]
"""Derivative of a scalar by the features [points, encoded] -> its derivative by the coordinates [points, 3]."""


class Encoding(nn.Module):
    """Coordinates in the unit cube -> features of the first so many levels."""

    def forward(
        self, coords: Float[Tensor, "points 3"], levels: int
    ) -> tuple[Float[Tensor, "points encoded"], PullBack]:
        """Features, and the chain rule through them, which can be differentiated by one ordinary backward pass."""
        raise NotImplementedError

    def features(self, coords: Float[Tensor, "points 3"], levels: int) -> Float[Tensor, "points encoded"]:
        """Features alone, where that is cheaper."""
        return self(coords, levels)[0]

    def param_groups(self) -> dict[str, list[nn.Parameter]]:
        """Parameters per optimiser."""
        return {"geometry": list(self.parameters())}


class HashEncoding(Encoding):
    """Instant-NGP's encoding (Müller et al. 2022); its optimiser touches only the rows that a step has read."""

    layout: Int[Tensor, "levels 4"]

    def __init__(self, levels: HashLevels, engine_name: EngineName) -> None:
        super().__init__()
        self.engine_name: EngineName = engine_name
        self.register_buffer("layout", levels.layout(), persistent=False)
        rows = int(self.layout[-1, 1] + self.layout[-1, 2])
        table = grid_zeros((rows, levels.channels), torch.device("cpu")).uniform_(-1e-4, 1e-4)
        self.table = LatticeParameter(table)

    def forward(
        self, coords: Float[Tensor, "points 3"], levels: int
    ) -> tuple[Float[Tensor, "points encoded"], PullBack]:
        features, derivatives = self._encode(coords, levels, with_derivatives=True)
        return features, lambda cotangents: (derivatives * cotangents[:, None]).sum(dim=2)

    def features(self, coords: Float[Tensor, "points 3"], levels: int) -> Float[Tensor, "points encoded"]:
        return self._encode(coords, levels, with_derivatives=False)[0]

    def param_groups(self) -> dict[str, list[nn.Parameter]]:
        return {"hash": [self.table]}

    def _encode(self, coords: Tensor, levels: int, with_derivatives: bool):
        grid_engine = engine(self.engine_name, self.table.device.type)
        touched = self._touched(grid_engine) if torch.is_grad_enabled() else None
        return _of_hash(grid_engine).encode(self.table, coords, self.layout[:levels], with_derivatives, touched)

    def _touched(self, grid_engine: ModuleType) -> MarkedNodes:
        nodes = getattr(self.table, "nodes", None)
        if not isinstance(nodes, MarkedNodes) or nodes.marks.device != self.table.device:
            nodes = self.table.nodes = MarkedNodes(len(self.table), self.table.device, grid_engine)
        return nodes


def _of_hash(grid_engine: ModuleType) -> ModuleType:
    """The module here that does what the grid's engine does there: they have the same names."""
    return import_module(f"idr_neus_plugins.fields.hash.{grid_engine.__name__.rpartition('.')[2]}")


class TcnnEncoding(Encoding):
    """The same by tiny-cuda-nn, whose table has another order: checkpoints do not move between the two.

    Raises UserError where tiny-cuda-nn is not installed, or finds no GPU.
    """

    def __init__(self, levels: HashLevels) -> None:
        super().__init__()
        self.channels = levels.channels
        layout = levels.layout()
        try:
            import tinycudann  # pyright: ignore[reportMissingImports]
        except (ImportError, OSError) as error:
            raise UserError(
                f"The encoding 'tcnn' needs tiny-cuda-nn ({error}). Install idr_neus_plugins[tcnn] on a machine with "
                "a GPU and nvcc, or leave --pipeline.model.geometry.encoding at own, which needs neither."
            ) from error
        options = {
            "otype": "Grid",
            "type": "Hash",
            "n_levels": levels.levels,
            "n_features_per_level": levels.channels,
            "log2_hashmap_size": levels.log2_rows,
            "base_resolution": levels.coarsest,
            "per_level_scale": (int(layout[-1, 0]) / levels.coarsest) ** (1.0 / max(levels.levels - 1, 1)),
            "interpolation": "Linear",
        }
        self.encoding = tinycudann.Encoding(3, options, dtype=torch.float32)

    def forward(
        self, coords: Float[Tensor, "points 3"], levels: int
    ) -> tuple[Float[Tensor, "points encoded"], PullBack]:
        keep = torch.is_grad_enabled()
        with torch.enable_grad():
            at = coords if coords.requires_grad else coords.detach().requires_grad_()
            features = self.encoding(at)[:, : levels * self.channels]

        def pull_back(cotangents: Tensor) -> Tensor:
            return torch.autograd.grad(features, at, cotangents, create_graph=keep, retain_graph=True)[0]

        return features if keep else features.detach(), pull_back
