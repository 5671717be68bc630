"""Connected pieces of solids on lattices."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool


def largest_piece(solid: Bool[np.ndarray, "x y z"]) -> Bool[np.ndarray, "x y z"]:
    """The largest piece of a solid."""
    from scipy.ndimage import label

    labels = np.asarray(label(solid)[0])  # type: ignore
    return labels == np.bincount(labels.ravel())[1:].argmax() + 1
