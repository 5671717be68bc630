"""A picture of camera paths and of the boxes that they lead past."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.writing import replace_file

PLANES = (("from above", 0, 1), ("from the side", 0, 2))


def plot_paths(
    picture: Path,
    paths: Mapping[str, Float[np.ndarray, "frames 4 4"]],
    boxes: Sequence[Float[np.ndarray, "8 3"]] = (),
) -> None:
    """Writes a PNG: camera centres by name, a dot where each path begins, and what the boxes' corners span."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    figure = Figure(figsize=(10.0, 4.5), layout="constrained")
    for axis, (title, *plane) in zip(figure.subplots(1, 2), PLANES, strict=True):
        for name, path in paths.items():
            (line,) = axis.plot(*path[:, plane, 3].T, label=name)
            axis.plot(*path[0, plane, 3], "o", color=line.get_color())
        for box in boxes:
            low, high = box[:, plane].min(0), box[:, plane].max(0)
            axis.add_patch(Rectangle((low[0], low[1]), *(high - low), fill=False))
        axis.set_aspect("equal", "datalim")
        axis.set_title(title)
    figure.axes[0].legend()
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110)
    replace_file(picture, content.getvalue())
