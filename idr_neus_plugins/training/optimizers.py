"""Optimisers of ours as nerfstudio's configurations name them."""

from __future__ import annotations

from dataclasses import dataclass, field

from nerfstudio.engine.optimizers import OptimizerConfig

from idr_neus_plugins.fields.grid.optimizer import NodeAdam


@dataclass
class NodeAdamConfig(OptimizerConfig):
    """Adam on the nodes of a grid that a step concerns."""

    _target: type = field(default_factory=lambda: NodeAdam)
    lr: float = 0.05
    """In units of the parameter: voxels for a grid's distances."""
