"""A table of methods: the scores that any of them has, a row each."""

from __future__ import annotations

from collections.abc import Mapping

COLUMNS = {
    "chamfer": ("Chamfer", "{:.3f}"),
    "chamfer_relative": ("of the diameter", "{:.2%}"),
    "accuracy": ("accuracy", "{:.3f}"),
    "completeness": ("completeness", "{:.3f}"),
    "normal_consistency": ("normals", "{:.3f}"),
    "median": ("median", "{:.3f}"),
    "p90": ("90 %", "{:.3f}"),
    "psnr_masked": ("PSNR in mask", "{:.2f}"),
    "psnr": ("PSNR", "{:.2f}"),
    "mask_iou": ("mask IoU", "{:.3f}"),
}
"""Score -> (heading, how it is written), in the order of the table."""


def comparison_table(
    scores: Mapping[str, Mapping[str, float | None]], steps: Mapping[str, int | None] | None = None
) -> str:
    """Markdown with a row per method and a column per score that any of them has; a dash where one has it not.

    Args:
        scores: by method.
        steps: training steps that fitted into the time, by method.
    """
    shown = [name for name in COLUMNS if any(row.get(name) is not None for row in scores.values())]
    head = ["method", *(["steps"] if steps else []), *(COLUMNS[name][0] for name in shown)]
    lines = [head, ["---"] * len(head)]
    for method, row in scores.items():
        count = [] if not steps else [_written(steps.get(method), "{:,}")]
        lines.append([f"`{method}`", *count, *(_written(row.get(name), COLUMNS[name][1]) for name in shown)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _written(value: float | int | None, how: str) -> str:
    return "–" if value is None else how.format(value)
