"""Step 1: photographs or the frames of a video, upright, reduced, numbered."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from idr_neus_plugins.data.files import first_folder, list_images, open_image
from idr_neus_plugins.data.prepare.options import MIN_PHOTOGRAPHS
from idr_neus_plugins.errors import UserError

VIDEOS = frozenset({".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v"})
Progress = Callable[[int, int], None]
"""(done, total)."""


def is_video(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in VIDEOS


def find_photographs(path: Path) -> list[Path]:
    """The photographs in a folder, or in its images/ or image/. Raises UserError where there are too few."""
    if not path.is_dir():
        raise UserError(f"{path} is neither a folder with photographs nor a video ({', '.join(sorted(VIDEOS))}).")
    found = list_images(path) or list_images(first_folder(path, "images", "image") or path)
    if len(found) < MIN_PHOTOGRAPHS:
        raise UserError(
            f"{path} holds {len(found)} photographs (.png, .jpg). At least {MIN_PHOTOGRAPHS} are needed, 40 to 100 are "
            "usual: walk around the object, a step of 10 degrees at a time, at two or three heights."
        )
    return found


def gather(source: Path, folder: Path, max_size: int, frames: int, progress: Progress) -> list[str]:
    """Writes the photographs to ``folder`` as 000000.png, ...; returns what each of them was called."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if is_video(source):
        pictures, total = sharpest_frames(source, frames), frames
    else:
        paths = find_photographs(source)
        pictures, total = ((path.name, upright(path)) for path in paths), len(paths)
    names = []
    for number, (name, picture) in enumerate(pictures):
        reduced(picture, max_size).save(folder / f"{number:06d}.png", compress_level=3)
        names.append(name)
        progress(number + 1, total)
    return names


def upright(path: Path) -> Image.Image:
    """The photograph as its camera's position sensor says; transparency is kept."""
    with open_image(path) as image:
        turned = ImageOps.exif_transpose(image) or image
        has_alpha = turned.mode in ("RGBA", "LA", "PA") or "transparency" in turned.info
        return turned.convert("RGBA" if has_alpha else "RGB")


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
