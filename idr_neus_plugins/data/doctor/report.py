"""Findings as text, pictures and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from idr_neus_plugins.data.doctor.finding import Finding


def write_report(findings: Sequence[Finding], folder: Path, name: str) -> Path:
    """One picture per finding and findings.md, which shows them all. Returns its path."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"# {name}", ""]
    for finding in findings:
        lines += [f"## {finding.check} ({finding.severity})", "", finding.evidence, "", f"    {finding.fix}", ""]
        if finding.picture is not None:
            Image.fromarray(finding.picture()).save(folder / f"{finding.check}.png")
            lines += [f"![{finding.check}]({finding.check}.png)", ""]
    path = folder / "findings.md"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    """{"findings": [{check, severity, evidence, fix, views}]}."""
    fields = ("check", "severity", "evidence", "fix", "views")
    return {"findings": [{field: getattr(finding, field) for field in fields} for finding in findings]}
