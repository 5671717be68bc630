"""How a command ends that does not end well: with a message, a status, and nothing half-written."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from idr_neus_plugins.errors import user_errors
from idr_neus_plugins.writing import full_disk

AGAIN = "Nothing half-written bears its final name; the same command does it again."


class Terminated(KeyboardInterrupt):
    """SIGTERM: from a scheduler, or from whoever shuts the machine down. Treated as Ctrl-C."""


@contextmanager
def command() -> Iterator[None]:
    """Around a whole command: its UserErrors, a full disk, Ctrl-C and SIGTERM end it with a message and no stack trace.

    Within, SIGTERM raises as Ctrl-C does, so that what is half-written is removed.
    """
    with user_errors(), sigterm_raises():
        try:
            yield
        except KeyboardInterrupt as stop:
            end_stopped(stop, stop.args[0] if stop.args else AGAIN)
        except Exception as error:
            full = full_disk(error)
            if full is None:
                raise
            print(f"Error: {full}", file=sys.stderr)
            raise SystemExit(1) from error


@contextmanager
def if_stopped(advice: str) -> Iterator[None]:
    """What the user should know when the command is stopped within, e.g. how to go on."""
    try:
        yield
    except KeyboardInterrupt as stop:
        stop.args = (advice,)
        raise


def end_stopped(stop: KeyboardInterrupt, advice: str) -> NoReturn:
    """Tells it, and exits as programs do that a signal has ended."""
    print(f"\nStopped. {advice}", file=sys.stderr, flush=True)
    raise SystemExit(128 + (signal.SIGTERM if isinstance(stop, Terminated) else signal.SIGINT)) from None


@contextmanager
def sigterm_raises() -> Iterator[None]:
    """Within, SIGTERM raises :class:`Terminated` in the main thread; in others, this does nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _raise)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _raise(number: int, frame: Any) -> NoReturn:
    raise Terminated
