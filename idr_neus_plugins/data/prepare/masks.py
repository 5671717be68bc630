"""Step 2: masks of the photographs, named as COLMAP wants them (000000.png.png), object white."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image

from idr_neus_plugins.data.files import UPRIGHT, has_alpha, open_image
from idr_neus_plugins.data.foreground import read_mask
from idr_neus_plugins.data.mask_pairs import masks_in, pair_masks
from idr_neus_plugins.data.prepare.photographs import ORIENTATION, Progress
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.writing import whole_folder

PLAIN_SPREAD = 12.0
"""A plain background's colours at the picture's border stay this close to each other (CIELAB)."""
LEAST_CONTRAST = 12.0

MaskMaker = Callable[[Path, str], UInt8[np.ndarray, "h w"]]
"""(photograph as prepared, its original name) -> mask."""


def make_masks(kind: str, photographs: Sequence[Path], names: Sequence[str], folder: Path, progress: Progress) -> None:
    """Writes one mask per photograph, or none at all for "none". Raises UserError where a mask cannot be made."""
    shutil.rmtree(folder, ignore_errors=True)
    if kind == "none":
        return
    make = _maker(kind, names)
    with whole_folder(folder) as partial:
        for number, (path, name) in enumerate(zip(photographs, names, strict=True)):
            Image.fromarray(make(path, name)).save(partial / f"{path.name}.png")
            progress(number + 1, len(photographs))


def _maker(kind: str, names: Sequence[str]) -> MaskMaker:
    if kind == "alpha":
        return _alpha
    if kind == "plain":
        return lambda path, name: plain_background(np.array(Image.open(path).convert("RGB")), name)
    if kind == "rembg":
        return _rembg()
    if not Path(kind).is_dir():
        raise UserError(f"--masks {kind} is none of none, alpha, plain, rembg, and no folder.")
    return _given(Path(kind), names)


def _alpha(path: Path, name: str) -> UInt8[np.ndarray, "h w"]:
    if not has_alpha(path):
        raise UserError(f"{name} has no transparency; choose other --masks.")
    return np.array(Image.open(path).convert("RGBA"))[..., 3]


def _given(folder: Path, names: Sequence[str]) -> MaskMaker:
    there = masks_in(folder)
    if not there:
        raise UserError(f"{folder} holds no mask for {names[0]}: it holds no pictures. Name the folder of the masks.")
    paired = dict(zip(names, pair_masks([Path(name) for name in names], Path(), there, folder), strict=True))
    return lambda path, name: laid_on(paired[name], path, name)


def laid_on(mask: Path, photograph: Path, name: str) -> UInt8[np.ndarray, "h w"]:
    """A mask turned and resized as its photograph was, whether or not its tool knew of the photograph's EXIF turn.

    Raises UserError where its shape is not the photograph's, or does not tell how it lies.
    """
    pixels = Image.fromarray(read_mask(mask)[0])
    with Image.open(photograph) as picture:
        size, orientation = picture.size, int(picture.info.get(ORIENTATION, 1))
    with open_image(mask, deep=True) as opened:
        own = opened.getexif().get(0x0112, 1)
    turn = UPRIGHT.get(own if own != 1 else orientation)
    if own == 1 and orientation != 1 and (orientation < 5 or size[0] == size[1]):
        raise UserError(
            f"{name} is turned by its EXIF orientation ({orientation}), and the shape of {mask} does not tell whether "
            "the mask is turned too. Save the photograph without EXIF data, upright, as the mask is."
        )
    if turn is not None and (own != 1 or _same_shape(pixels.size[::-1], size)):
        pixels = pixels.transpose(turn)
    if not _same_shape(pixels.size, size):
        raise UserError(
            f"{mask} has {pixels.width}x{pixels.height} pixels, which is not the shape of {name} ({size[0]}x{size[1]} "
            "as prepared). The mask must cover the whole photograph."
        )
    return np.array(pixels.resize(size, Image.Resampling.BILINEAR))


def _same_shape(first: tuple[int, ...], second: tuple[int, ...]) -> bool:
    """Up to the rounding of reduced sizes."""
    apart = abs(first[0] * second[1] - first[1] * second[0])
    return apart <= 1.01 * max(*first, *second)


def plain_background(picture: UInt8[np.ndarray, "h w 3"], name: str) -> UInt8[np.ndarray, "h w"]:
    """The largest part whose colour differs from the border's, without holes that are smaller than a hundredth.

    The threshold is Otsu's (1979), on the distance in CIELAB from the median colour of the border.
    Raises UserError where the border is not plain or nothing differs from it.
    """
    import cv2

    lab = cv2.cvtColor(picture.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    border = np.concatenate(
        [lab[:8].reshape(-1, 3), lab[-8:].reshape(-1, 3), lab[:, :8].reshape(-1, 3), lab[:, -8:].reshape(-1, 3)]
    )
    color = np.median(border, axis=0)
    if np.quantile(np.linalg.norm(border - color, axis=1), 0.9) > PLAIN_SPREAD:
        raise UserError(f"{name}: the background is not plain (its border has many colours). Choose other --masks.")
    distance = np.clip(np.linalg.norm(lab - color, axis=2) * 2.0, 0, 255).astype(np.uint8)
    threshold, _ = cv2.threshold(distance, 0, 255, cv2.THRESH_OTSU)
    different = distance > max(threshold * 0.6, LEAST_CONTRAST)
    if not different.any():
        raise UserError(
            f"{name}: nothing differs from the background. Leave the photograph out, or choose other --masks."
        )
    return _largest(_closed(different)).astype(np.uint8) * 255


def _largest(mask: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    import cv2

    _, parts, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    return parts == 1 + int(np.argmax(statistics[1:, cv2.CC_STAT_AREA]))


def _closed(mask: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Without holes of less than a hundredth of the picture."""
    import cv2

    _, parts, statistics, _ = cv2.connectedComponentsWithStats((~mask).astype(np.uint8))
    small = statistics[:, cv2.CC_STAT_AREA] < mask.size // 100
    small[0] = False  # the foreground
    return mask | small[parts]


def _rembg() -> MaskMaker:
    try:
        from rembg import new_session, remove  # type: ignore[import-not-found]

        session = new_session("u2net")
    except ImportError:
        raise UserError("--masks rembg needs the package rembg: pip install 'rembg[cpu]'.") from None
    except Exception as error:
        raise UserError(
            f"The weights of rembg's network could not be loaded ({error}). Choose other --masks."
        ) from error
    return lambda path, name: np.array(remove(Image.open(path).convert("RGB"), session=session, only_mask=True))
