"""Line charts side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from idr_neus_plugins.writing import write_figure

Line = tuple[Sequence[int | float], Sequence[int | float]]
"""Values along the axis, and above it."""


@dataclass(frozen=True)
class Panel:
    """One chart; its axis is logarithmic, and the numbers along it are those of the lines."""

    axis: str
    """What the numbers along the axis are, with their unit."""
    height: str
    """What the numbers above it are, with their unit."""
    lines: Mapping[str, Line]
    """By what the legend calls them."""
    from_zero: bool = False
    """For amounts, whose ratios matter."""


def write_charts(path: Path, panels: Sequence[Panel], columns: int) -> None:
    """Writes a png."""
    from matplotlib.figure import Figure

    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(4.0 * columns, 3.0 * rows), layout="constrained")
    for index, panel in enumerate(panels):
        axes = figure.add_subplot(rows, columns, index + 1)
        axes.set_xscale("log")
        for name, (along, above) in panel.lines.items():
            axes.plot(along, above, marker="o", markersize=4, label=name)
        ticks = sorted({value for along, _ in panel.lines.values() for value in along})
        axes.set_xticks(ticks, [f"{value:g}" for value in ticks])
        axes.minorticks_off()
        if panel.from_zero:
            axes.set_ylim(bottom=0.0)
        axes.set_xlabel(panel.axis)
        axes.set_ylabel(panel.height)
        axes.grid(alpha=0.3)
        if len(panel.lines) > 1:
            axes.legend(fontsize=8)
    write_figure(figure, path)
