"""What is foreground in a mask file: the one place that decides it, from the file's own content.

Masks come as black and white, with soft or JPEG's noisy edges, as labels (object 1, or 38), as palettes of segmentation
tools (object dark red), with 1 or 16 bits, and as cut-outs whose transparency is the mask.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Shaped, UInt8
from PIL import Image

from idr_neus_plugins.data.files import (
    averaged,
    image_has_alpha,
    lies_on_its_side,
    open_image,
    read_pixels,
    reading_image,
)
from idr_neus_plugins.errors import UserError

LOSSY = ("JPEG", "WEBP", "MPO")
FEW = 16
"""Values or colours; soft edges have more."""
GREY = 12
"""Colours whose channels differ by no more are grey."""
BLACK = 24
"""Noise of a black JPEG stays below."""
SAVE_AS = "Save it with the object white (255) and the rest black (0)."


def read_foreground(
    image: Path, mask: Path | None, size: tuple[int, int], shrink: float = 1.0
) -> UInt8[np.ndarray, "h w"]:
    """Foreground of a view, 0 to 255 (soft where shrunk): from its mask file or, without one, the image's alpha.

    Raises UserError for a file that cannot be read, or in which two things may be meant.
    """
    if mask is None:
        return read_pixels(image, "RGBA", size, shrink)[..., 3]
    pixels, _ = read_mask(mask)
    whole = (round(size[0] * shrink), round(size[1] * shrink))
    if pixels.shape == whole[::-1] != whole and (turn := lies_on_its_side(image)) is not None:
        pixels = np.array(Image.fromarray(pixels).transpose(turn))
    return averaged(pixels, mask, size, shrink)


def read_mask(path: Path) -> tuple[UInt8[np.ndarray, "h w"], str]:
    """(foreground, 0 to 255, of the file's size; what was taken for it, in words)."""
    with open_image(path, deep=True) as image, reading_image(path):
        lossy = image.format in LOSSY
        alpha = np.array(image.convert("RGBA"))[..., 3] if image_has_alpha(image) else None
        pixels = _values(image)
    if alpha is not None and alpha.min() < 255:
        if _is_black_and_white(pixels[alpha > 127]):
            raise UserError(
                f"{path} has a mask in its colours and another in its transparency. Save it without transparency."
            )
        return alpha, "what is not transparent"
    if pixels.ndim == 3 and int(np.ptp(pixels, axis=2).max()) > GREY:
        return _from_colors(pixels, path, lossy)
    return _from_values(pixels if pixels.ndim == 2 else pixels.max(axis=2), path, lossy)


def _values(image: Image.Image) -> Shaped[np.ndarray, "h w *channels"]:
    """8-bit values or colours, as far as the mode allows; labels in 16 bits stay labels."""
    if image.mode in ("1", "L", "LA", "La"):
        return np.array(image.convert("L"))
    if image.mode.startswith(("I", "F")):
        values = np.nan_to_num(np.array(image).astype(np.float64))
        scale = 255.0 if values.max() <= 1 and image.mode == "F" else 1.0 if values.max() <= 255 else 255.0 / 65535.0
        return np.round(np.clip(values * scale, 0, 255)).astype(np.uint8)
    return np.array(image.convert("RGB"))


def _is_black_and_white(pixels: Shaped[np.ndarray, " pixels *channels"]) -> bool:
    """A mask by itself: hardly anything between black and white, and enough of both."""
    if len(pixels) == 0:
        return False
    black, white = ((each.reshape(len(pixels), -1)).all(1).mean() for each in (pixels < 16, pixels > 239))
    return bool(black + white > 0.98 and min(black, white) > 0.02)


def _from_values(pixels: UInt8[np.ndarray, "h w"], path: Path, lossy: bool) -> tuple[UInt8[np.ndarray, "h w"], str]:
    counts = np.bincount(pixels.ravel(), minlength=256)
    values = np.flatnonzero(counts)
    low, high = int(values[0]), int(values[-1])
    if lossy and high <= BLACK and len(values) != 2:
        return np.zeros_like(pixels), "white"
    if len(values) == 1:
        return np.full_like(pixels, 255 if high else 0), "white" if high in (0, 255) else f"value {high}"
    if len(values) == 2 and (low == 0 or low < 128 <= high):
        return np.where(pixels == high, 255, 0).astype(np.uint8), "white" if high == 255 else f"value {high}"
    labels = not lossy and len(values) <= FEW and counts[1:192].sum() > 0.4 * counts[1:].sum()
    if labels or high < 128:
        found = ", ".join(map(str, values[:FEW])) + (", …" if len(values) > FEW else "")
        raise UserError(
            f"{path} holds the values {found}, which may be several objects. Black (0) and white (255) are expected. "
            f"{SAVE_AS}"
        )
    return pixels, "white"


def _from_colors(pixels: UInt8[np.ndarray, "h w 3"], path: Path, lossy: bool) -> tuple[UInt8[np.ndarray, "h w"], str]:
    """One colour on black is the object; several may be several objects."""
    brightest = pixels.max(axis=2)
    lit = pixels[brightest > 0.75 * brightest.max()]
    between = ((brightest > BLACK) & (brightest < 0.75 * brightest.max())).mean()
    if (
        between < (0.1 if lossy else 0.03)
        and lit.astype(float).std(axis=0).max() < 30
        and len(lit) < pixels[..., 0].size
    ):
        red, green, blue = np.median(lit, axis=0).astype(int)
        found = np.round(brightest * (255.0 / brightest.max())).astype(np.uint8)
        return found, f"colour ({red}, {green}, {blue})"
    colors = len(np.unique(pixels.reshape(-1, 3), axis=0))
    what = (
        f"{colors} colours, which may be several objects"
        if colors <= FEW and not lossy
        else "the colours of a photograph"
    )
    raise UserError(f"{path} holds {what}, so it does not say what is foreground. {SAVE_AS}")
