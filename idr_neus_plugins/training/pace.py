"""How often a training is saved: so that little is lost when it ends unexpectedly, and little time is spent on it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

EVERY_S = 60.0
MOST = 0.02
"""Of the time may be spent on saving."""


class SavingPace:
    """A checkpoint is due a minute after the last one, or later where writing one takes long."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._last, self._cost = now, now(), 0.0

    def restart(self) -> None:
        """Call when the training begins."""
        self._last = self._now()

    @property
    def is_due(self) -> bool:
        return self._now() - self._last >= max(EVERY_S, self._cost / MOST)

    @contextmanager
    def saving(self) -> Iterator[None]:
        """Around the writing of any checkpoint."""
        start = self._now()
        yield
        self._last = self._now()
        self._cost = self._last - start
