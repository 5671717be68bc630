"""The one exception that means: the input is at fault, and the message says what to do about it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


class UserError(ValueError):
    """Bad input. The message names what is wrong and what to do; commands print it without a stack trace."""


def brief(error: BaseException) -> str:
    """What an error of a library says, as one line that fits into a message."""
    return " ".join(str(error).split())[:200]


@contextmanager
def user_errors() -> Iterator[None]:
    """Turns a UserError into its message on stderr and exit status 1; everything else keeps its stack trace."""
    try:
        yield
    except UserError as error:
        print(f"Error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
