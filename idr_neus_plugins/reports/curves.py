"""What a run logged while it trained, as small charts."""

from __future__ import annotations

import io
from pathlib import Path

Curve = tuple[list[int], list[float]]
"""Steps, values."""


def read_curves(run: Path) -> dict[str, Curve]:
    """Losses and metrics of the training by name, from nerfstudio's TensorBoard files; empty where there are none."""
    if not any(run.glob("events.out.tfevents.*")):
        return {}
    from tensorboard.backend.event_processing.event_accumulator import SCALARS, EventAccumulator

    log = EventAccumulator(str(run), size_guidance={SCALARS: 400})
    log.Reload()
    wanted = [tag for tag in log.Tags()["scalars"] if tag.startswith(("Train Loss", "Train Metrics"))]
    events = {tag: log.Scalars(tag) for tag in sorted(wanted) if "Dict" in tag or tag == "Train Loss"}
    return {
        tag.rpartition("/")[2]: ([event.step for event in points], [event.value for event in points])
        for tag, points in events.items()
    }


def curves_as_svg(curves: dict[str, Curve]) -> str:
    """All curves side by side, each on its own scale."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    columns = min(len(curves), 4)
    rows = -(-len(curves) // columns)
    figure = Figure(figsize=(3.2 * columns, 2.0 * rows), layout="constrained")
    for index, (name, (steps, values)) in enumerate(curves.items()):
        axes = figure.add_subplot(rows, columns, index + 1)
        axes.plot(steps, values, linewidth=1)
        axes.set_title(name, fontsize=9, parse_math=False)
        axes.tick_params(labelsize=7)
        if min(values) > 0 and max(values) > 30 * min(values):
            axes.set_yscale("log")
    written = io.StringIO()
    FigureCanvasSVG(figure).print_svg(written, metadata={"Date": None})
    text = written.getvalue()
    return text[text.index("<svg") :]
