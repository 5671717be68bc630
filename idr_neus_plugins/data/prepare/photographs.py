"""Step 1: photographs or the frames of a video, upright, reduced, numbered."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from idr_neus_plugins.data.files import first_folder, image_has_alpha, list_images, open_image, reading_image
from idr_neus_plugins.data.formats.readers.unknown import VIDEOS, what_is_there
from idr_neus_plugins.data.prepare.options import MIN_PHOTOGRAPHS
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.writing import whole_folder

ORIENTATION = "orientation"
Progress = Callable[[int, int], None]
"""(done, total)."""


def is_video(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in VIDEOS


def find_photographs(path: Path) -> list[Path]:
    """The photographs in a folder, or in its images/ or image/. Raises UserError where there are too few."""
    if not path.is_dir():
        raise UserError(f"{path} is neither a folder with photographs nor a video ({', '.join(sorted(VIDEOS))}).")
    found = list_images(path) or list_images(first_folder(path, "images", "image", "input", "rgb") or path)
    if not found:
        raise UserError(what_is_there(path))
    if len(found) < MIN_PHOTOGRAPHS:
        raise UserError(
            f"{path} holds {len(found)} photographs (.png, .jpg). At least {MIN_PHOTOGRAPHS} are needed, 40 to 100 are "
            "usual: walk around the object, a step of 10 degrees at a time, at two or three heights."
        )
    return found


def gather(source: Path, folder: Path, max_size: int, frames: int, progress: Progress) -> list[str]:
    """Writes the photographs to ``folder``, all or none, as 000000.png, ...; returns what each of them was called.

    Each keeps, as a note, the EXIF orientation by which it was turned: masks may be turned alike.
    """
    paths = [source] if is_video(source) else find_photographs(source)
    pictures = sharpest_frames(source, frames) if is_video(source) else ((path.name, upright(path)) for path in paths)
    shutil.rmtree(folder, ignore_errors=True)
    names = []
    with whole_folder(folder) as partial:
        for number, (name, picture) in enumerate(pictures):
            note = PngInfo()
            note.add_text(ORIENTATION, str(picture.info.get(ORIENTATION, 1)))
            reduced(picture, max_size).save(partial / f"{number:06d}.png", compress_level=3, pnginfo=note)
            names.append(name)
            progress(number + 1, frames if is_video(source) else len(paths))
    return names


def upright(path: Path) -> Image.Image:
    """The photograph as its EXIF orientation says, which ``info`` keeps; with its transparency."""
    with open_image(path) as image, reading_image(path):
        orientation = image.getexif().get(0x0112, 1)
        turned = ImageOps.exif_transpose(image) or image
        picture = turned.convert("RGBA" if image_has_alpha(turned) else "RGB")
    picture.info[ORIENTATION] = orientation
    return picture


def reduced(picture: Image.Image, max_size: int) -> Image.Image:
    factor = max_size / max(picture.size)
    if factor >= 1:
        return picture
    return picture.resize((round(picture.width * factor), round(picture.height * factor)), Image.Resampling.LANCZOS)


def sharpest_frames(video: Path, count: int) -> Iterator[tuple[str, Image.Image]]:
    """The sharpest frame of each of ``count`` equal parts. Raises UserError for a video that cannot be read."""
    import cv2

    capture = cv2.VideoCapture(str(video))
    total = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    if total < MIN_PHOTOGRAPHS:
        raise UserError(f"{video} cannot be read as a video, or has fewer than {MIN_PHOTOGRAPHS} frames.")
    bounds = np.linspace(0, total, min(count, total) + 1).astype(int)
    position = 0
    for start, end in zip(bounds[:-1], bounds[1:], strict=True):
        best: tuple[float, int, np.ndarray] | None = None
        while position < end:
            good, frame = capture.read()
            position += 1
            if good and position > start:
                score = float(cv2.Laplacian(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), cv2.CV_32F).var())
                best = (score, position - 1, frame) if best is None or score > best[0] else best
        if best is not None:
            yield f"frame {best[1]}", Image.fromarray(cv2.cvtColor(best[2], cv2.COLOR_BGR2RGB))
    capture.release()
