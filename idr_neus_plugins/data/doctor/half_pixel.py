"""Whether pixel centres are counted from zero or from one half: cameras that are off by half a pixel throughout.

Moving all principal points by s pixels moves every matched point off its epipolar line by s g, to first order; g
follows from differences. The s that fits best is robust regression of the distances on g (Huber 1964, as iteratively
reweighted least squares), its error that of regression with one cluster per pair of pictures (Liang and Zeger 1986).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.data.doctor.cameras import LARGEST_ERROR_PX, MIN_PAIRS
from idr_neus_plugins.data.doctor.examination import Examination
from idr_neus_plugins.data.doctor.finding import Finding
from idr_neus_plugins.data.doctor.matches import distances_of
from idr_neus_plugins.data.doctor.pictures import side_by_side

LEAST_SHIFT, MOST_SHIFT = 0.3, 0.8
"""Pixels of the files; between them lies half a pixel."""
SIGNIFICANT = 6.0
STEP = 0.1


def check_half_pixel(scene: Examination) -> list[Finding]:
    pairs = scene.matches
    if len(pairs) < 2 * MIN_PAIRS:
        return []
    shift, error = principal_shift(scene)
    residual = np.concatenate(distances_of(pairs, scene.intrinsics, scene.camera_to_scene))
    if np.median(np.abs(residual)) > LARGEST_ERROR_PX or not LEAST_SHIFT < abs(shift) < MOST_SHIFT:
        return []
    if abs(shift) < SIGNIFICANT * error:
        return []
    half = 0.5 if shift > 0 else -0.5
    evidence = (
        f"The pictures agree best with principal points moved by {shift:+.2f} ± {error:.2f} px: pixel centres were "
        f"counted from {'zero' if half > 0 else 'one half'} where the layout counts from the other."
    )
    pair = max(pairs, key=lambda pair: len(pair.in_first))

    def picture() -> np.ndarray:
        return side_by_side([scene.pictures[pair.first], scene.pictures[pair.second]])

    fix = scene.convert(f"--shift-pixels {half} {half}")
    return [Finding("half-pixel", "warning", evidence, fix, (), picture)]


def principal_shift(scene: Examination) -> tuple[float, float]:
    """(shift of all principal points, alike in x and y, that fits best; its standard error), pixels of the files."""
    before = distances_of(scene.matches, scene.intrinsics, scene.camera_to_scene)
    moved = scene.intrinsics.copy()
    moved[:, :2, 2] += STEP / np.array(scene.shrinks)[:, None]
    after = distances_of(scene.matches, moved, scene.camera_to_scene)
    slopes = [(b - a) / STEP for a, b in zip(before, after, strict=True)]
    return _regress(before, slopes)


def _regress(values: list[Float[np.ndarray, " _n"]], slopes: list[Float[np.ndarray, " _n"]]) -> tuple[float, float]:
    """The s for which values + s * slopes is smallest, and its standard error."""
    value, slope = np.concatenate(values), np.concatenate(slopes)
    cluster = np.repeat(np.arange(len(values)), [len(part) for part in values])
    shift = 0.0
    for _ in range(20):
        left = value + shift * slope
        width = 2.0 * max(float(np.median(np.abs(left))), 1e-9)
        weight = 1.0 / np.maximum(1.0, np.abs(left) / width)
        shift = -float((weight * slope * value).sum() / (weight * slope**2).sum())
    scores = np.bincount(cluster, weight * slope * (value + shift * slope))
    return shift, float(np.sqrt((scores**2).sum()) / (weight * slope**2).sum())
