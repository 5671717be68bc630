"""Adam for grids: updates only the nodes that a step concerns, and of those only what has a gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from idr_neus_plugins.fields.grid.lattice_values import LatticeParameter
from idr_neus_plugins.fields.grid.memory import grid_zeros
from idr_neus_plugins.fields.grid.processes import average_rows, processes

WARMUP_STEPS = 50
"""After a start or a change of resolution the rate rises over these steps: its averages know nothing yet."""


class NodeAdam(torch.optim.Optimizer):
    """Adam over the rows that each parameter's ``nodes`` names; see ``reference.adam`` for the update.

    The rate is in units of the parameter. Averages begin anew when a parameter's lattice has changed.
    """

    def __init__(
        self, params: Iterable[LatticeParameter], lr: float, betas: tuple[float, float] = (0.9, 0.99), **_: Any
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas})

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Nothing to do: a step clears the rows that it used, and no others are ever read."""

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None and processes() > 1:
                    parameter.grad = torch.zeros_like(parameter)  # nothing seen here; the others have to be heard
                if parameter.grad is not None:
                    self._update(parameter, parameter.grad, group["lr"], tuple(group["betas"]))

    def _update(self, parameter: LatticeParameter, grad: Tensor, rate: float, betas: tuple[float, ...]) -> None:
        state = self._state_of(parameter)
        state["step"] += 1
        rate *= min(state["step"] / WARMUP_STEPS, 1.0)
        self._move(parameter, grad, state, rate, betas)

    def _move(
        self, parameter: LatticeParameter, grad: Tensor, state: dict[str, Any], rate: float, betas: tuple[float, ...]
    ) -> None:
        tensors = [rows(t) for t in (parameter, grad, state["exp_avg"], state["exp_avg_sq"])]
        lists = parameter.nodes.take()
        if processes() > 1:
            average_rows(tensors[1], torch.cat(lists))
        for nodes in lists:
            parameter.nodes.engine.adam(*tensors, nodes, rate, betas)

    def _state_of(self, parameter: LatticeParameter) -> dict[str, Any]:
        state = self.state[parameter]
        if not state or state["exp_avg"].shape != parameter.shape:
            averages = {name: grid_zeros(parameter.shape, parameter.device) for name in ("exp_avg", "exp_avg_sq")}
            state |= {"step": 0, **averages}
        return state


def rows(values: Tensor) -> Tensor:
    """Values [x, y, z], [x, y, z, channels], [rows] or [rows, channels] as [rows, channels]."""
    return values.view(-1, 1 if values.dim() in (1, 3) else values.shape[-1])
