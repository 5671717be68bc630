"""Step 2: masks of the photographs, named as COLMAP wants them (000000.png.png), object white."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image

from idr_neus_plugins.data.files import has_alpha, list_images
from idr_neus_plugins.data.prepare.photographs import Progress, upright
from idr_neus_plugins.errors import UserError

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
    make = _maker(kind)
    folder.mkdir(parents=True)
    for number, (path, name) in enumerate(zip(photographs, names, strict=True)):
        Image.fromarray(make(path, name)).save(folder / f"{path.name}.png")
        progress(number + 1, len(photographs))


def _maker(kind: str) -> MaskMaker:
    if kind == "alpha":
        return _alpha
    if kind == "plain":
        return lambda path, name: plain_background(np.array(Image.open(path).convert("RGB")), name)
    if kind == "rembg":
        return _rembg()
    if not Path(kind).is_dir():
        raise UserError(f"--masks {kind} is none of none, alpha, plain, rembg, and no folder.")
    return _given(Path(kind))


def _alpha(path: Path, name: str) -> UInt8[np.ndarray, "h w"]:
    if not has_alpha(path):
        raise UserError(f"{name} has no transparency; choose other --masks.")
    return np.array(Image.open(path).convert("RGBA"))[..., 3]


def _given(folder: Path) -> MaskMaker:
    masks = {path.name.split(".")[0]: path for path in list_images(folder)}

    def read(path: Path, name: str) -> UInt8[np.ndarray, "h w"]:
        source = masks.get(Path(name).stem)
        if source is None:
            raise UserError(f"{folder} holds no mask for {name}: it must have the photograph's name, as .png or .jpg.")
        size = Image.open(path).size
        return np.array(upright(source).convert("L").resize(size, Image.Resampling.BILINEAR))

    return read


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
