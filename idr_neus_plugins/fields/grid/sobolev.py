"""Adam whose updates are smoothed over the grid: a step in a Sobolev norm (Neuberger 1985; Renka and Neuberger 1995).

A ray tells a few nodes something, and says it with the noise of its pixel. Adam, which gives every node steps of one
length whatever its gradient, leaves that noise in the surface as grain. What nodes beside each other agree on passes
the smoothing, and what they do not cancels out.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from idr_neus_plugins.fields.grid.lattice_values import LatticeParameter
from idr_neus_plugins.fields.grid.nodes import ListedNodes
from idr_neus_plugins.fields.grid.optimizer import NodeAdam
from idr_neus_plugins.fields.grid.processes import average_rows, processes


class SobolevAdam(NodeAdam):
    """For values of one channel whose nodes are listed; gradients of ``every`` steps make one update."""

    def __init__(self, params: Any, smoothness: float, every: int, **options: Any) -> None:
        """Args:
        smoothness: weight of the Laplacian in ``(1 - smoothness * Laplacian)² update = Adam's update``, voxels².
        """
        super().__init__(params, **options)
        self.smoothness, self.every = smoothness, every

    def _move(
        self, parameter: LatticeParameter, grad: Tensor, state: dict[str, Any], rate: float, betas: tuple[float, ...]
    ) -> None:
        if state["step"] % self.every:
            return  # the gradient stays, and the next step adds to it
        listed = parameter.nodes
        assert isinstance(listed, ListedNodes)
        if processes() > 1:
            average_rows(grad.view(-1, 1), listed.nodes)
        moments = (state["exp_avg"], state["exp_avg_sq"])
        listed.engine.smoothed_adam(
            parameter, grad, *moments, listed.nodes, rate, betas, self.smoothness, listed.bricks
        )
