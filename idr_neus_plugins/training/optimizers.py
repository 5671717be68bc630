"""Optimisers of ours as nerfstudio's configurations name them."""

from __future__ import annotations

from dataclasses import dataclass, field

from nerfstudio.engine.optimizers import AdamOptimizerConfig, OptimizerConfig

from idr_neus_plugins.fields.grid.optimizer import NodeAdam
from idr_neus_plugins.fields.grid.sobolev import SobolevAdam


@dataclass
class NodeAdamConfig(OptimizerConfig):
    """Adam on the nodes of a grid that a step concerns."""

    _target: type = field(default_factory=lambda: NodeAdam)
    lr: float = 0.05
    """In units of the parameter: voxels for a grid's distances."""


@dataclass
class SobolevAdamConfig(NodeAdamConfig):
    """The same with smoothed updates, for a grid's distances."""

    _target: type = field(default_factory=lambda: SobolevAdam)
    lr: float = 0.4
    smoothness: float = 1.0
    """Weight of the Laplacian in the norm, voxels²: updates are averaged over about its root."""
    every: int = 4
    """Steps whose gradients make one update."""


@dataclass
class FusedAdamConfig(AdamOptimizerConfig):
    """Adam in one pass over each parameter, on CPUs and GPUs."""

    weight_decay: float = 0.0  # nerfstudio has an int here, which type checks refuse
    fused: bool = True
    """One kernel instead of a dozen for every parameter."""
