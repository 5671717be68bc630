"""Photographs of one surface, brought to one exposure."""

from __future__ import annotations

import numpy as np

ROUNDS = 10
DARK, BRIGHT = 0.02, 0.98
"""Colours outside are clipped by the camera and say nothing about its exposure."""
FEWEST = 50
"""A photograph that shares fewer points with the others keeps its exposure."""
LARGEST = 2.0
"""Gains stay within this factor: more is no exposure but another surface."""


def align_exposures(colors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Gains [views, 3] that bring the views' ``colors`` [views, points, 3] closest to their common mean.

    Alternates the weighted mean of every point with the least-squares gain of every view and channel. The median gain
    is 1: the surface is as bright as in most photographs, whatever a few dark ones say. ``weights`` [views, points] are
    0 where a view does not see a point.
    """
    usable = weights * ((colors > DARK) & (colors < BRIGHT)).all(-1)
    usable = usable * ((usable > 0).sum(0) > 1)
    steady = (usable > 0).sum(1) < FEWEST
    gains = np.ones((len(colors), colors.shape[-1]))
    for _ in range(ROUNDS):
        mean = np.einsum("vt,vtc,vc->tc", usable, colors, gains) / usable.sum(0).clip(min=1e-9)[:, None]
        power = np.einsum("vt,vtc->vc", usable, np.square(colors))
        fit = np.einsum("vt,vtc,tc->vc", usable, colors, mean) / power.clip(min=1e-9)
        fit[steady] = 1.0
        gains = (fit / np.median(fit, axis=0)).clip(1 / LARGEST, LARGEST)
        gains[steady] = 1.0
    return gains
