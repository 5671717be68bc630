"""What distances say: the same names for every kind of truth.

``to_truth`` are distances from the reconstruction to the truth, ``to_mesh`` from the truth to the reconstruction, in
the units of the surfaces.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

Scores = dict[str, float]


def one_sided(distances: Float[np.ndarray, " n"], thresholds: Sequence[float]) -> Scores:
    """``median``, ``mean``, ``p90`` and, per threshold t, ``within_<t>``: the fraction that is closer than t."""
    scores = {"median": np.median(distances), "mean": distances.mean(), "p90": np.percentile(distances, 90)}
    scores |= {f"within_{threshold:g}": (distances < threshold).mean() for threshold in thresholds}
    return _floats(scores)


def chamfer(accuracy: float, completeness: float) -> Scores:
    """``accuracy`` and ``completeness`` (means of either direction) and ``chamfer``, half their sum, as DTU has it."""
    return _floats({"accuracy": accuracy, "completeness": completeness, "chamfer": (accuracy + completeness) / 2})


def f_scores(
    to_truth: Float[np.ndarray, " n"], to_mesh: Float[np.ndarray, " m"], thresholds: Sequence[float]
) -> Scores:
    """Per threshold t: ``precision_<t>`` and ``recall_<t>``, the fractions of the reconstruction and of the truth that
    lie closer than t to the other, and ``fscore_<t>``, their harmonic mean."""
    scores = {}
    for threshold in thresholds:
        precision, recall = (to_truth < threshold).mean(), (to_mesh < threshold).mean()
        both = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        scores |= {
            f"precision_{threshold:g}": precision,
            f"recall_{threshold:g}": recall,
            f"fscore_{threshold:g}": both,
        }
    return _floats(scores)


def _floats(scores: dict) -> Scores:
    return {name: float(value) for name, value in scores.items()}
