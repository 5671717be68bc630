"""``idr-neus bench score``: time and memory that scoring takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reports.printing import print_scores
from idr_neus_plugins.writing import write_json


@dataclass
class BenchScore:
    """Score a large sphere against a large cloud, by DTU's protocol and from the points to the mesh."""

    faces: int = 1_000_000
    """At least so many triangles."""
    points: int = 3_000_000
    """Points of the scan."""
    json: Path | None = None
    """Write the figures to this file too."""

    def main(self) -> None:
        if self.faces < 20 or self.points < 1:
            raise UserError("--faces must be at least 20 and --points at least 1.")
        from idr_neus_plugins.evaluation.load import time_scoring
        from idr_neus_plugins.provenance import provenance

        figures = time_scoring(self.faces, self.points)
        print_scores("Scoring", figures)
        if self.json is not None:
            write_json(self.json, {**figures, "provenance": provenance()})
