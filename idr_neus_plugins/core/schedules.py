"""Schedules: pure functions of the training progress in [0, 1] that return Python floats.

Python floats only: what a scheduler keeps ends up in checkpoints, and torch >= 2.6 refuses to reload numpy scalars.
"""

from __future__ import annotations

import math


def ramp(progress: float, end: float) -> float:
    """Rises linearly from 0 to 1 until ``end`` and stays there; 1 throughout when ``end`` is 0."""
    return 1.0 if progress >= end else progress / end


def warmup_cosine(progress: float, warmup: float, floor: float) -> float:
    """Learning-rate factor of NeuS: a linear warm-up to 1, then half a cosine down to ``floor``.

    Args:
        progress: of the training, in [0, 1].
        warmup: share of the training that the warm-up takes, below 1.
        floor: factor at the end.
    """
    if progress < warmup:
        return progress / warmup
    angle = math.pi * (progress - warmup) / (1.0 - warmup)
    return floor + (1.0 - floor) * 0.5 * (1.0 + math.cos(angle))


def hold_then_decay(progress: float, hold: float, floor: float) -> float:
    """1 until ``hold``, then an exponential decay that reaches ``floor`` at the end."""
    return floor ** (max(progress - hold, 0.0) / (1.0 - hold))


def step_decay(progress: float, at: tuple[float, ...], factor: float) -> float:
    """1 at first, times ``factor`` from each of the points ``at`` on."""
    return factor ** sum(progress >= point for point in at)


def shrinking_interval(progress: float, start: float, decay: float, end: float) -> float:
    """Half-width of UNISURF's sampling interval, ``max(start exp(-decay progress), end)`` (its equation 9).

    Args:
        decay: over the whole training; the released 1.5e-5 a step, times the number of steps.
    """
    return max(start * math.exp(-decay * progress), end)


def rest_then_decay(progress: float, rest: float, floor: float) -> float:
    """0 until ``rest``, then 1 and an exponential decay that reaches ``floor`` at the end."""
    return 0.0 if progress < rest else hold_then_decay(progress, rest, floor)
