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

    EVERY = 1
    SMOOTH = 0.0
    SWEEPS = 3

    def _update(self, parameter: LatticeParameter, grad: Tensor, rate: float, betas: tuple[float, ...]) -> None:
        state = self._state_of(parameter)
        state["step"] += 1
        if parameter.dim() in (1, 3) and self.SMOOTH:
            if state["step"] % self.EVERY:
                return
            return self._smoothed(parameter, grad, rate * min(state["step"] / WARMUP_STEPS, 1.0), betas, state)
        rate *= min(state["step"] / WARMUP_STEPS, 1.0)
        tensors = [rows(t) for t in (parameter, grad, state["exp_avg"], state["exp_avg_sq"])]
        lists = parameter.nodes.take()
        if processes() > 1:
            average_rows(tensors[1], torch.cat(lists))
        for nodes in lists:
            parameter.nodes.engine.adam(*tensors, nodes, rate, betas)

    def _smoothed(self, parameter, grad, rate, betas, state):
        import numpy as np

        from idr_neus_plugins.fields.grid import node_kernels as k
        from idr_neus_plugins.fields.grid.numba_engine import _addresses, _lowest

        size = parameter.numel()
        if not hasattr(self, "buf") or self.buf[0].size != size:
            self.buf = [grid_zeros((size,), parameter.device).numpy() for _ in range(3)]
        source, a, b = self.buf
        bricks = getattr(parameter, "bricks", None)
        adr = (*_addresses(parameter, bricks), _lowest(bricks))
        nodes = parameter.nodes.nodes.numpy()
        flat = lambda t: t.detach().numpy().reshape(-1)
        k.adam_update(
            flat(grad),
            flat(state["exp_avg"]),
            flat(state["exp_avg_sq"]),
            nodes,
            np.float32(rate),
            np.float32(betas[0]),
            np.float32(betas[1]),
            source,
        )
        w = np.float32(self.SMOOTH)
        for _ in range(2):
            now, nxt = source, a
            for i in range(self.SWEEPS):
                k.relax(now, source, *adr, nodes, w, nxt)
                now, nxt = nxt, (b if nxt is a else a)
            # result in now; becomes source
            if now is a:
                source, a = a, source
            else:
                source, b = b, source
        k.add_at(flat(parameter), nodes, np.float32(-1.0), source[nodes])
        for x in (source, a, b):
            k.clear_at(x, nodes)

    def _state_of(self, parameter: LatticeParameter) -> dict[str, Any]:
        state = self.state[parameter]
        if not state or state["exp_avg"].shape != parameter.shape:
            averages = {name: grid_zeros(parameter.shape, parameter.device) for name in ("exp_avg", "exp_avg_sq")}
            state |= {"step": 0, **averages}
        return state


def rows(values: Tensor) -> Tensor:
    """Values [x, y, z], [x, y, z, channels], [rows] or [rows, channels] as [rows, channels]."""
    return values.view(-1, 1 if values.dim() in (1, 3) else values.shape[-1])
