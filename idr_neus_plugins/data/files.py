"""Finding and opening image files; what cannot be read becomes one clear message."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from idr_neus_plugins.errors import UserError, brief
from idr_neus_plugins.reading import require_file

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"})
MASK_SUFFIXES = IMAGE_SUFFIXES | {".gif", ".pgm", ".pbm", ".tga"}
PHONE_SUFFIXES = frozenset({".heic", ".heif", ".avif", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf"})
"""Photographs too, but in formats that are not read."""
LITTER = frozenset({"__MACOSX", "@eaDir"})
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> what turns the stored picture upright, as Pillow's exif_transpose does."""
LAID_DOWN = {key: UPRIGHT[{6: 8, 8: 6}.get(key, key)] for key in (5, 6, 7, 8)}
"""EXIF orientation of a picture that lies on its side -> what lays an upright picture on the same side."""


def list_images(folder: Path, suffixes: frozenset[str] = IMAGE_SUFFIXES) -> list[Path]:
    """The images of a folder, in the order of the numbers in their names (2.png before 10.png)."""
    found = [path for path in folder.iterdir() if path.suffix.lower() in suffixes and path.name[0] != "."]
    return sorted(found, key=lambda path: natural_key(path.name))


def natural_key(name: str) -> list[int | str]:
    """Sorts names by the numbers in them."""
    return [int(part) if place % 2 else part for place, part in enumerate(re.split(r"([0-9]+)", name))]


def plain_name(name: str) -> str:
    """What two names have in common that mean the same file: case, and the two forms of letters with accents in Unicode
    (macOS writes the other one)."""
    return unicodedata.normalize("NFC", name).casefold()


def visible_folders(folder: Path) -> list[Path]:
    """Sub-folders, without those that systems make for themselves."""
    return sorted(
        path for path in folder.iterdir() if path.is_dir() and path.name[0] != "." and path.name not in LITTER
    )


def first_folder(parent: Path, *names: str) -> Path | None:
    """The first of these sub-folders that exists; upper case counts as lower case."""
    if not parent.is_dir():
        return None
    there = {path.name.lower(): path for path in visible_folders(parent)}
    return next((there[name] for name in names if name in there), None)


@contextmanager
def reading_image(path: Path) -> Iterator[None]:
    """Whatever an image library raises for a broken file, as one UserError. Holds only calls of the library."""
    try:
        yield
    except UserError:
        raise
    except Image.DecompressionBombError as error:
        raise UserError(
            f"{path} has too many pixels to be read ({brief(error)}). Remove this view, or reduce the photograph and "
            "make its camera for the new size."
        ) from None
    except Exception as error:  # decoders of broken files raise nearly anything
        kind = _phone_format(path)
        remedy = f"It is in fact {kind}: convert it to JPEG." if kind else "Replace the file."
        raise UserError(f"{path} cannot be read as an image ({brief(error)}). {remedy}") from None


def open_image(path: Path, deep: bool = False) -> Image.Image:
    """An opened image file (pixels are read on use; of several pictures in a file, the first).

    Raises UserError for a missing or broken file, and for more than 8 bits per value unless ``deep``.
    """
    require_file(path)
    with reading_image(path):
        image = Image.open(path)
    if not deep and image.mode.startswith(("I", "F")):
        raise UserError(f"{path} has more than 8 bits per value ({image.mode}). Convert it to an 8-bit PNG or JPEG.")
    return image


def _phone_format(path: Path) -> str | None:
    with path.open("rb") as file:
        start = file.read(32)
    if start[4:8] != b"ftyp":
        return None
    return "AVIF" if b"avif" in start else "HEIC"


def image_size(path: Path, deep: bool = False) -> tuple[int, int]:
    """(height, width), from the file's header. Raises UserError as :func:`open_image` does."""
    with open_image(path, deep) as image:
        return image.height, image.width


def lies_on_its_side(path: Path) -> Image.Transpose | None:
    """What an upright picture must undergo to lie as this file's pixels do, where its EXIF data turns them by a
    quarter."""
    with open_image(path, deep=True) as image, reading_image(path):
        return LAID_DOWN.get(image.getexif().get(0x0112, 1))


def has_alpha(path: Path) -> bool:
    with open_image(path) as image:
        return image_has_alpha(image)


def image_has_alpha(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info


def read_pixels(path: Path, mode: str, size: tuple[int, int], shrink: float) -> UInt8[np.ndarray, "h w *channels"]:
    """Pixels of an image in a PIL mode ("RGB", "RGBA", "L"), averaged over areas of ``shrink`` x ``shrink`` pixels.

    ``size`` is (height, width) of the result; source pixels beyond ``shrink * size`` are left out, so that the upper
    left corner stays the origin of the pixel coordinates.
    Raises UserError for a file that is broken or too small for ``size``.
    """
    with open_image(path) as image, reading_image(path):
        pixels = np.array(image.convert(mode))
    return averaged(pixels, path, size, shrink)


def averaged(
    pixels: UInt8[np.ndarray, "H W *channels"], path: Path, size: tuple[int, int], shrink: float
) -> UInt8[np.ndarray, "h w *channels"]:
    """:func:`read_pixels` for pixels that are read already."""
    height, width = size
    if pixels.shape[0] < height * shrink - 1e-6 or pixels.shape[1] < width * shrink - 1e-6:
        raise UserError(
            f"{path} has {pixels.shape[1]}x{pixels.shape[0]} pixels, its camera {round(width * shrink)}x"
            f"{round(height * shrink)}. Cameras and images must be of the same size."
        )
    if shrink == 1:
        return pixels[:height, :width]
    rows = _average_rows(pixels.astype(np.float32), height, shrink)
    return np.round(_average_rows(rows.swapaxes(0, 1), width, shrink).swapaxes(0, 1)).astype(np.uint8)


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
