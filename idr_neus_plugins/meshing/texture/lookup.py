"""Reading pictures between their pixels."""

from __future__ import annotations

import numpy as np


def bilinear(image: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Values [n, c] of an ``image`` [height, width, c] at ``pixels`` (x, y) [n, 2], centres at half-integers.

    Beyond its border the image goes on as there. In the image's units; float32 for one of uint8 or float32.
    """
    height, width = image.shape[:2]
    x, y = (np.clip(pixels - 0.5, 0, [width - 1, height - 1])).T
    left, top = np.minimum(x.astype(np.int64), width - 2), np.minimum(y.astype(np.int64), height - 2)
    right, below = (x - left)[:, None].astype(np.float32), (y - top)[:, None].astype(np.float32)
    upper = image[top, left] * (1 - right) + image[top, left + 1] * right
    lower = image[top + 1, left] * (1 - right) + image[top + 1, left + 1] * right
    return upper * (1 - below) + lower * below


def at_uv(texture: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """``bilinear`` at texture coordinates [n, 2]: from 0 to 1 over the picture, v upwards."""
    height, width = texture.shape[:2]
    return bilinear(texture, np.stack([uv[:, 0] * width, (1 - uv[:, 1]) * height], 1))
