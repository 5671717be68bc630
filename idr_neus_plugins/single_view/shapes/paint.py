"""Procedural paints: colour as a function of the position on a part."""

from __future__ import annotations

import colorsys
from collections.abc import Callable

import numpy as np
from jaxtyping import Float

Paint = Callable[[Float[np.ndarray, "points 3"]], Float[np.ndarray, "points 3"]]
"""Positions in the part's own frame -> colours in [0, 1]."""

Color = Float[np.ndarray, " 3"]

DARK, STEEL, GLASS = np.array([0.1, 0.1, 0.11]), np.array([0.62, 0.64, 0.67]), np.array([0.2, 0.27, 0.36])


def random_color(rng: np.random.Generator) -> Color:
    """Any hue; neither black nor white, so that light and shade can be seen on it."""
    return np.array(colorsys.hsv_to_rgb(rng.uniform(), rng.uniform(0.25, 0.95), rng.uniform(0.35, 0.95)))


def plain(color: Color) -> Paint:
    return lambda points: np.broadcast_to(color, points.shape)


def stripes(first: Color, second: Color, direction: Float[np.ndarray, " 3"], period: float) -> Paint:
    """Bands across ``direction`` (a unit vector), each half a period wide."""
    return lambda points: _where(np.sin(2 * np.pi / period * (points @ direction)) > 0, first, second)


def checks(first: Color, second: Color, period: float) -> Paint:
    """A chequerboard in all three directions; the shift keeps its faces off those of boxes around the origin."""
    return lambda points: _where(np.floor(2 * points / period + 0.31).sum(1) % 2 > 0, first, second)


def gradient(first: Color, second: Color, direction: Float[np.ndarray, " 3"], reach: float) -> Paint:
    """From the first colour to the second between -reach and reach along ``direction``."""

    def paint(points: np.ndarray) -> np.ndarray:
        share = np.clip(0.5 + 0.5 * (points @ direction) / reach, 0.0, 1.0)[:, None]
        return first + (second - first) * share

    return paint


def random_paint(rng: np.random.Generator, color: Color) -> Paint:
    """A paint whose main colour is ``color``: plain half of the time, else with a pattern in a second colour."""
    second, direction = random_color(rng), np.eye(3)[rng.integers(3)]
    if rng.uniform() < 0.5:
        return plain(color)
    kind = rng.integers(3)
    if kind == 0:
        return stripes(color, second, direction, rng.uniform(0.2, 0.5))
    if kind == 1:
        return checks(color, second, rng.uniform(0.3, 0.6))
    return gradient(color, second, direction, rng.uniform(0.2, 0.5))


def _where(first_there: np.ndarray, first: Color, second: Color) -> np.ndarray:
    return np.where(first_there[:, None], first, second)
