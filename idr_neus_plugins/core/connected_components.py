"""Connected pieces of solids on lattices."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool


def large_components(solid: Bool[np.ndarray, "x y z"], share: float) -> Bool[np.ndarray, "x y z"]:
    """The pieces of a solid whose volume is at least this ``share`` of the largest one's."""
    from scipy.ndimage import label

    labels = np.asarray(label(solid)[0], dtype=np.int32)  # type: ignore
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return (sizes >= max(1.0, share * sizes.max()))[labels]


def largest_component(solid: Bool[np.ndarray, "x y z"]) -> Bool[np.ndarray, "x y z"]:
    """The largest piece of a solid (all of them, where several are as large); nothing of nothing."""
    return large_components(solid, 1.0)
