"""How commands print their results."""

from __future__ import annotations

from collections.abc import Mapping


def print_scores(title: str, scores: Mapping[str, float | None]) -> None:
    """Two columns: name, value; a dash for what could not be measured."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", show_header=False)
    for name, value in scores.items():
        table.add_row(name, "–" if value is None else f"{value:.5g}")
    Console().print(table)
