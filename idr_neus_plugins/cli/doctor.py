"""``idr-neus doctor``: what is wrong with a scene, before hours are spent on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

if TYPE_CHECKING:
    from idr_neus_plugins.data.doctor.finding import Finding

UNREADABLE = "unreadable"


@dataclass
class Doctor:
    """Look for what ruins runs: masks, cameras, conventions, region, photographs. Exit status 1 for severe findings."""

    scene: tyro.conf.Positional[Path]
    """Folder or json file, in any layout that training reads."""
    cameras: str = "auto"
    """Name of the npz, for IDR/NeuS folders that hold several."""
    pairs: int = 40
    """Pairs of photographs that are matched; more find more and take longer."""
    output_dir: Path = Path("doctor")
    """Where findings.md and its pictures go, if there is anything to show."""
    json: Path | None = None
    """Write the findings to this file too."""

    def main(self) -> None:
        from idr_neus_plugins.data.doctor.report import as_json, write_report
        from idr_neus_plugins.writing import write_json

        findings = self._findings()
        for finding in findings:
            _tell(finding)
        if self.json is not None:
            write_json(self.json, as_json(findings))
        if not findings:
            print(f"{self.scene}: nothing found that is wrong.")
            return
        if any(finding.check != UNREADABLE for finding in findings):
            print(f"Pictures: {write_report(findings, self.output_dir, str(self.scene))}")
        if any(finding.severity == "severe" for finding in findings):
            raise SystemExit(1)

    def _findings(self) -> list[Finding]:
        from idr_neus_plugins.data.doctor.checks import CHECKS, examine
        from idr_neus_plugins.data.doctor.examination import Examination
        from idr_neus_plugins.data.doctor.finding import Finding
        from idr_neus_plugins.data.formats.reading import read_posed_scene
        from idr_neus_plugins.errors import UserError
        from idr_neus_plugins.progress import progress_bar

        try:
            scene = Examination(read_posed_scene(self.scene, self.cameras), str(self.scene), self.pairs)
            with progress_bar() as bar:
                return examine(scene, bar.track(CHECKS, description="Examining (checks)"))
        except UserError as error:
            return [Finding(UNREADABLE, "severe", str(error), "Correct what the message names, then look again.")]


def _tell(finding: Finding) -> None:
    from rich.console import Console

    console, color = Console(), "red" if finding.severity == "severe" else "yellow"
    console.print(f"[bold {color}]{finding.check}[/] ({finding.severity}): {finding.evidence}", soft_wrap=True)
    console.print(f"  {finding.fix}", soft_wrap=True, style="dim", markup=False)
