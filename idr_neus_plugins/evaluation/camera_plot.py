"""A picture of camera errors, view by view, before and after refinement."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from idr_neus_plugins.evaluation.cameras import CameraErrors
from idr_neus_plugins.writing import write_figure


def plot_camera_errors(path: Path, sets: Mapping[str, CameraErrors], unit: str = "world units") -> None:
    """Writes a png: rotation above, translation below, one bar per view and set of cameras."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0, 5.0), layout="constrained")
    axes = figure.subplots(2, 1, sharex=True)
    width = 0.8 / len(sets)
    for number, (name, errors) in enumerate(sets.items()):
        for axis, values in zip(axes, errors, strict=True):
            label = f"{name} (mean {values.mean():.3g}, median {np.median(values):.3g})"
            axis.bar(np.arange(len(values)) + width * (number - 0.5 * (len(sets) - 1)), values, width, label=label)
    for axis, title in zip(axes, ("rotation error, degrees", f"translation error, {unit}"), strict=True):
        axis.set_ylabel(title)
        axis.legend(loc="upper right")
    axes[1].set_xlabel("training view")
    write_figure(figure, path)
