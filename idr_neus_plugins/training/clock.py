"""How far the training is: by steps, or by wall time where a time budget is given."""

from __future__ import annotations

import time
from collections.abc import Callable


class TrainingClock:
    """Progress in [0, 1] that reaches 1 exactly once, at the last step.

    The time budget starts after the first step, so that start-up and compilation cost nothing of it, and stands still
    while training is paused. It replaces the number of steps: a run uses the time that it is given.
    """

    def __init__(
        self, max_steps: int, max_minutes: float | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.max_steps = max_steps
        self.max_seconds = None if max_minutes is None else 60.0 * max_minutes
        self.seconds = 0.0
        """Spent training so far, over all sessions; to be kept in checkpoints."""
        self.steps = 0
        """Steps measured in this session: all but its first."""
        self._now = now
        self._last: float | None = None
        self._session_start = 0.0

    def resume(self, seconds: float) -> None:
        """Continues from the time that earlier sessions have spent."""
        self.seconds = self._session_start = seconds

    def progress(self, step: int) -> float:
        """Progress at a step, counted from 0 over all sessions."""
        if self.max_seconds is None:
            return min(step / max(self.max_steps - 1, 1), 1.0)
        return min(self.seconds / self.max_seconds, 1.0)

    def tick(self) -> None:
        """Call after every step."""
        now = self._now()
        if self._last is not None:
            self.seconds += now - self._last
            self.steps += 1
        self._last = now

    def skip(self) -> None:
        """Call when a pause ends: the time since the last tick does not count."""
        if self._last is not None:
            self._last = self._now()

    @property
    def seconds_per_step(self) -> float:
        """Mean over this session; 0 before it is known."""
        return (self.seconds - self._session_start) / self.steps if self.steps else 0.0

    def seconds_left(self, step: int) -> float:
        """Estimate after ``step`` has been done; 0 before a step was measured."""
        if self.max_seconds is None:
            return (self.max_steps - 1 - step) * self.seconds_per_step
        return max(self.max_seconds - self.seconds, 0.0)
