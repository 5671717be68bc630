"""The method's read-outs over the training, and their plots."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from torch import Tensor

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

EVERY = 10
"""Steps between records at first."""
LONGEST = 1000
"""Records; when there are more, every other one is dropped and the steps between them double."""


class History:
    """Scalars by name, with the step of each record; written by the training, read by the viewer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._every, self._steps = EVERY, 0
        self._records: list[tuple[int, dict[str, float]]] = []
        self._fresh: list[tuple[int, dict[str, Tensor]]] = []

    def add(self, readouts: Mapping[str, Tensor]) -> None:
        """Called at every training step. Values stay on their device until somebody looks: nothing waits for a GPU."""
        with self._lock:
            if self._steps % self._every == 0:
                self._fresh.append((self._steps, {name: value.detach() for name, value in readouts.items()}))
            self._steps += 1

    def curves(self) -> dict[str, tuple[list[int], list[float]]]:
        """(steps since this program began, values) by name."""
        with self._lock:
            self._records += [(step, {k: float(v) for k, v in values.items()}) for step, values in self._fresh]
            self._fresh = []
            while len(self._records) > LONGEST:
                self._records, self._every = self._records[::2], 2 * self._every
            curves: dict[str, tuple[list[int], list[float]]] = {}
            for step, values in self._records:
                for name, value in values.items():
                    steps, column = curves.setdefault(name, ([], []))
                    steps.append(step)
                    column.append(value)
        return curves


def plot(curves: Mapping[str, tuple[list[int], list[float]]]) -> Figure:
    """One small plot above the other for every curve."""
    from plotly.graph_objects import Scatter
    from plotly.subplots import make_subplots

    names = list(curves) or ["nothing yet"]
    figure = make_subplots(rows=len(names), cols=1, subplot_titles=names, vertical_spacing=0.3 / len(names))
    for row, (steps, values) in enumerate(curves.values(), start=1):
        figure.add_trace(Scatter(x=steps, y=values, mode="lines", showlegend=False), row=row, col=1)
    figure.update_layout(margin={"l": 40, "r": 10, "t": 30, "b": 20}, font={"size": 10})
    return figure
