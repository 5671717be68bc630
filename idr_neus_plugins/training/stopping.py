"""Ending a training early: the first Ctrl-C or SIGTERM asks for it, and the training saves what it has."""

from __future__ import annotations

import shlex
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)
SAME_S = 1.0
"""Signals that follow each other faster are one: a terminal and a launching process both pass on a Ctrl-C."""
WHERE_FROM = ("load-dir", "load-step", "load-checkpoint")
"""Flags of ``ns-train`` that say which checkpoint it goes on from."""


class StopRequest:
    """Whether the user, or the system, has asked the training to stop. A second request is not a request any more."""

    def __init__(self) -> None:
        self.signal: int | None = None
        """The first that came."""
        self.is_patient = True
        """Whether the first one waits for the step to end; otherwise it interrupts at once."""
        self._when = 0.0

    @contextmanager
    def heeded(self, tell: Callable[[], None]) -> Iterator[None]:
        """Within, signals are requests; ``tell`` is called at the first. Does nothing outside the main thread.

        Raises KeyboardInterrupt within at a second signal.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def heed(number: int, frame: Any) -> None:
            first, self.signal = self.signal is None, self.signal or number
            if first and self.is_patient:
                self._when = time.monotonic()
                tell()
            elif not self.is_patient or time.monotonic() - self._when > SAME_S:
                raise KeyboardInterrupt

        before = {number: signal.signal(number, heed) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @property
    def exit_status(self) -> int:
        """As shells show a program that the signal has ended."""
        return 128 + (self.signal or signal.SIGINT)


def resume_command(arguments: Sequence[str], checkpoints: Path) -> str:
    """The command that goes on from the newest of the checkpoints, for a shell.

    Args:
        arguments: the command line of this training, from the program's name on: ``ns-train METHOD ...``.
    """
    program, *words = arguments
    begun = [Path(program).name, *words[:1]]
    return shlex.join([*begun, "--load-dir", str(checkpoints), *_without_source(words[1:])])


def _without_source(words: Sequence[str]) -> list[str]:
    """Flags but those of where an earlier training is."""
    kept: list[str] = []
    skip = False
    for word in words:
        name, has_value, _ = word.removeprefix("--").replace("_", "-").partition("=")
        if skip:
            skip = False
        elif word.startswith("--") and name in WHERE_FROM:
            skip = not has_value
        else:
            kept.append(word)
    return kept
