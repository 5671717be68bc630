"""Finding and opening image files; what cannot be read becomes one clear message."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, UnidentifiedImageError

from idr_neus_plugins.errors import UserError

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg"})


def list_images(folder: Path) -> list[Path]:
    """The images of a folder, in the order of the numbers in their names (2.png before 10.png)."""
    found = [path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES and path.name[0] != "."]
    return sorted(found, key=lambda path: [int(part) if part.isdigit() else part for part in _split_numbers(path.name)])


def _split_numbers(name: str) -> list[str]:
    return re.split(r"(\d+)", name)


def first_folder(parent: Path, *names: str) -> Path | None:
    """The first of these sub-folders that exists."""
    return next((parent / name for name in names if (parent / name).is_dir()), None)


def open_image(path: Path) -> Image.Image:
    """An opened image file (pixels are read on use). Raises UserError for a missing or broken file or 16-bit values."""
    try:
        image = Image.open(path)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist.") from None
    except (UnidentifiedImageError, OSError) as error:
        raise UserError(f"{path} cannot be read as an image ({error}). Replace the file.") from None
    if image.mode.startswith(("I", "F")):
        raise UserError(f"{path} has more than 8 bits per value ({image.mode}). Convert it to an 8-bit PNG or JPEG.")
    return image


def image_size(path: Path) -> tuple[int, int]:
    """(height, width), from the file's header."""
    with open_image(path) as image:
        return image.height, image.width


def has_alpha(path: Path) -> bool:
    with open_image(path) as image:
        return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info


def read_pixels(path: Path, mode: str, size: tuple[int, int], shrink: float) -> UInt8[np.ndarray, "h w *channels"]:
    """Pixels of an image in a PIL mode ("RGB", "RGBA", "L"), averaged over areas of ``shrink`` x ``shrink`` pixels.

    ``size`` is (height, width) of the result; source pixels beyond ``shrink * size`` are left out, so that the upper
    left corner stays the origin of the pixel coordinates.
    Raises UserError for a file that is broken or too small for ``size``.
    """
    height, width = size
    with open_image(path) as image:
        if image.height < height * shrink - 1e-6 or image.width < width * shrink - 1e-6:
            raise UserError(
                f"{path} has {image.width}x{image.height} pixels, its camera {round(width * shrink)}x"
                f"{round(height * shrink)}. Cameras and images must be of the same size."
            )
        try:
            pixels = image.convert(mode)
        except (OSError, SyntaxError, ValueError) as error:
            raise UserError(f"{path} cannot be read as an image ({error}). Replace the file.") from None
    if shrink == 1:
        return np.array(pixels)[:height, :width]
    averaged = _average_rows(np.array(pixels, dtype=np.float32), height, shrink)
    averaged = _average_rows(averaged.swapaxes(0, 1), width, shrink).swapaxes(0, 1)
    return np.round(averaged).astype(np.uint8)


def _average_rows(
    values: Float[np.ndarray, " rows *rest"], count: int, shrink: float
) -> Float[np.ndarray, " count *rest"]:
    """Means over ``count`` intervals of ``shrink`` rows each; a row that two intervals share counts in parts.

    Pillow's box filter would take such a row whole into one of them and so shift the picture by up to half a pixel.
    """
    sums = np.concatenate([np.zeros_like(values[:1]), values.cumsum(axis=0)])
    bounds = np.minimum(np.arange(count + 1) * shrink, len(values))
    below = np.minimum(bounds.astype(int), len(values) - 1)
    part = (bounds - below).astype(np.float32).reshape(-1, *[1] * (values.ndim - 1))
    return np.diff(sums[below] + part * values[below], axis=0) / np.float32(shrink)
