"""``idr-neus bench quality``: how good the surface is after so much training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.recipes.one_scene import DENSITIES, OneScene
from idr_neus_plugins.writing import replace_file, write_json

if TYPE_CHECKING:
    from idr_neus_plugins.evaluation.charts import Panel

Rows = dict[str, dict[float, dict[str, Any]]]
"""Scores by method and minutes of training."""

SILENT = {f"steps-per-eval-{what}": 0 for what in ("batch", "image", "all-images")}
"""Held-out views are rendered after the training, not within its budget."""
DISTANCES = {"chamfer": "Chamfer distance", "median": "median distance of reference points"}
QUALITIES = {"psnr_masked": "PSNR in the mask, dB", "psnr": "PSNR, dB"}
"""Scores and their names; a chart shows the first that there is."""


@dataclass
class BenchQuality(OneScene):
    """Train methods on one scene for several budgets, score them alike; write a table and curves of quality.

    Every budget is a training of its own (`ns-train METHOD --max-minutes M`): schedules fit themselves to the budget,
    so the state of a long training after a minute is not what somebody gets who has a minute. Start-up, exports and
    scoring do not count. What is done already is left alone, so an interrupted benchmark goes on when it is called
    again, and budgets or methods can be added later.
    """

    output: Path = Path("outputs/quality")
    """Runs, quality.md, quality.json and quality.png go here."""
    methods: tuple[str, ...] = ("neus-idr-fast",)
    """Methods of ns-train."""
    minutes: tuple[float, ...] = (0.5, 1.0, 2.0, 5.0, 10.0)
    """Training times."""

    def main(self) -> None:
        from idr_neus_plugins.recipes.recipe import Method

        budgets = sorted(set(self.minutes))
        if not budgets or budgets[0] <= 0.0:
            raise UserError("--minutes must be one or more numbers above 0.")
        runs = [
            Method(name, f"{minutes:g}min", {"max-minutes": minutes, **SILENT}, export=DENSITIES.get(name, {}))
            for name in self.methods
            for minutes in budgets
        ]
        rows: Rows = {}
        for job, result in self.run("quality", runs):
            figures = {
                "steps": result.training_steps,
                **result.scores,
                "train_command_seconds": result.seconds["train"],
            }
            rows.setdefault(job.method.method, {})[job.method.flags["max-minutes"]] = figures
        self._write(rows)

    def _write(self, rows: Rows) -> None:
        from idr_neus_plugins.evaluation.charts import write_charts
        from idr_neus_plugins.evaluation.comparison import comparison_table
        from idr_neus_plugins.provenance import provenance

        named = {f"{name}, {_time(at)}": row for name, curve in rows.items() for at, row in curve.items()}
        title = f"{self.data.name}: quality after so much training, each a run of its own\n\n"
        table = comparison_table(named, {name: row["steps"] for name, row in named.items()})
        replace_file(self.output / "quality.md", (title + table).encode())
        content = {name: {f"{at:g}": row for at, row in curve.items()} for name, curve in rows.items()}
        write_json(self.output / "quality.json", {**content, "provenance": provenance()})
        panels = [panel for names in (DISTANCES, QUALITIES) for panel in _panel(rows, names)]
        write_charts(self.output / "quality.png", panels, columns=2)
        print(f"\n{title}{table}\n{self.output / 'quality.md'}, quality.json, quality.png")


def _time(minutes: float) -> str:
    return f"{60 * minutes:g} s" if minutes < 1.0 else f"{minutes:g} min"


def _panel(rows: Rows, names: dict[str, str]) -> list[Panel]:
    """Of the first of these scores that any run has; none where no run has one."""
    from idr_neus_plugins.evaluation.charts import Panel

    for score, title in names.items():
        found = {
            method: {60.0 * at: row[score] for at, row in curve.items() if row.get(score) is not None}
            for method, curve in rows.items()
        }
        lines = {method: (list(curve), list(curve.values())) for method, curve in found.items() if curve}
        if lines:
            return [Panel("seconds of training", title, lines)]
    return []
