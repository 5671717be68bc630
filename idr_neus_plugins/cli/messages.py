"""What every command says and how: one message for bad input, one table for results."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from idr_neus_plugins.errors import UserError


@contextmanager
def user_errors() -> Iterator[None]:
    """Turns a UserError into its message on stderr and exit status 1; everything else keeps its stack trace."""
    try:
        yield
    except UserError as error:
        print(f"Error: {error}", file=sys.stderr)
        raise SystemExit(1) from None


def print_scores(title: str, scores: Mapping[str, float | None]) -> None:
    """Two columns: name, value; a dash for what could not be measured."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", show_header=False)
    for name, value in scores.items():
        table.add_row(name, "–" if value is None else f"{value:.5g}")
    Console().print(table)
