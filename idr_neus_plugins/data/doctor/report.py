"""Findings as text, pictures and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from idr_neus_plugins.data.doctor.finding import Finding
from idr_neus_plugins.writing import replace_file, write_png


def write_report(findings: Sequence[Finding], folder: Path, name: str) -> Path:
    """One picture per finding and findings.md, which shows them all. Returns its path."""
    lines = [f"# {name}", ""]
    for finding in findings:
        lines += [f"## {finding.check} ({finding.severity})", "", finding.evidence, "", f"    {finding.fix}", ""]
        if finding.picture is not None:
            write_png(finding.picture(), folder / f"{finding.check}.png")
            lines += [f"![{finding.check}]({finding.check}.png)", ""]
    path = folder / "findings.md"
    replace_file(path, "\n".join(lines).encode())
    return path


def as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    """{"findings": [{check, severity, evidence, fix, views}]}."""
    fields = ("check", "severity", "evidence", "fix", "views")
    return {"findings": [{field: getattr(finding, field) for field in fields} for finding in findings]}
