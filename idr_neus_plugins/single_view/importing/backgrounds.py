"""Images on a plain background as cut-out ones."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, UInt8
from scipy.ndimage import binary_erosion, label, maximum_filter

HIGHLIGHT = 5e-4
"""Share of the image up to which a hole in the object is a highlight, or a speck of noise."""


def cut_from_background(
    color: UInt8[np.ndarray, "h w 3"], background: UInt8[np.ndarray, " 3"], noise: int
) -> UInt8[np.ndarray, "h w 4"]:
    """The object with straight alpha; specks of the background's colour within it belong to it.

    Pixels at the border mix both colours: their alpha is their contrast as a share of their neighbours'. Whatever
    differs from the background taken as object would make it half a pixel too large all around.

    Args:
        noise: 8-bit steps by which the background may differ from its colour.
    """
    contrast = np.abs(color.astype(int) - background).max(2)
    whole = _without_specks(contrast > noise)
    share = contrast / maximum_filter(contrast, 3).clip(min=1)
    alpha = np.where(binary_erosion(whole), 1.0, share * whole)[..., None]
    unmixed = background + (color.astype(float) - background) / alpha.clip(min=0.1)
    pixels = np.concatenate([np.where(alpha > 0, unmixed, 0.0), 255 * alpha], 2)
    return pixels.clip(0, 255).round().astype(np.uint8)


def _without_specks(whole: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    pieces = np.asarray(label(~whole)[0], int)  # type: ignore[index]
    is_speck = np.bincount(pieces.ravel()) <= HIGHLIGHT * whole.size
    return whole | is_speck[pieces]
