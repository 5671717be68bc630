"""Films from lists of pictures; written whole or not at all."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mediapy
import numpy as np

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.writing import make_folder, replace_file


class WholeFilm(mediapy.VideoWriter):
    """mediapy's writer; the film gets its name when it is complete.

    Raises UserError where ffmpeg is missing or gives up, for example on a full disk.
    """

    def __init__(self, path: Path, *arguments: Any, **options: Any) -> None:
        self._final, self._partial = path, path.with_name(f".{os.getpid()}.part{path.suffix}")
        super().__init__(self._partial, *arguments, **options)

    def __enter__(self) -> WholeFilm:
        make_folder(self._final.parent)
        with self._told():
            super().__enter__()
        return self

    def add_image(self, image: np.ndarray) -> None:
        with self._told():
            super().add_image(image)

    def close(self) -> None:
        """Waits for ffmpeg. It ends well where the disk was full at the very end, and only tells."""
        process = self._popen
        if process is None:
            return
        assert process.stdin is not None and process.stderr is not None
        process.stdin.close()
        said = process.stderr.read().decode(errors="replace")
        if process.wait() or said:
            raise RuntimeError(said)
        super().close()

    def __exit__(self, kind: type | None = None, *_: Any) -> None:
        try:
            if kind is None:
                with self._told():
                    self.close()
                os.replace(self._partial, self._final)
            elif self._popen is not None:
                self._popen.kill()
                self._popen.wait()
        finally:
            self._partial.unlink(missing_ok=True)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (RuntimeError, BrokenPipeError) as error:
            ended = isinstance(error, BrokenPipeError) and self._popen is not None and self._popen.stderr is not None
            reason = self._popen.stderr.read().decode(errors="replace") if ended else str(error)  # type: ignore[union-attr]
            raise UserError(
                f"{self._final} could not be encoded ({' '.join(reason.split())[:300]}). "
                "ffmpeg must be on PATH, with room on the disk."
            ) from error


def write_mp4(frames: Sequence[np.ndarray], path: Path, fps: float) -> None:
    """H.264 of pictures [height, width, 3] uint8 with even sides. Raises UserError where ffmpeg is missing."""
    with WholeFilm(path, frames[0].shape[:2], fps=fps) as film:
        for frame in frames:
            film.add_image(frame)


def write_gif(frames: Sequence[np.ndarray], path: Path, width: int, fps: float) -> None:
    """An endless gif, shrunk to ``width`` pixels."""
    from PIL import Image

    height = round(frames[0].shape[0] * width / frames[0].shape[1])
    pictures = [Image.fromarray(frame).resize((width, height), Image.Resampling.LANCZOS) for frame in frames]
    some = [np.asarray(picture) for picture in pictures[:: -(-len(pictures) // 8)]]
    colors = Image.fromarray(np.concatenate(some)).quantize(128)  # one palette for all: flicker is worse than banding
    shrunk = [picture.quantize(palette=colors, dither=Image.Dither.NONE) for picture in pictures]
    content = io.BytesIO()
    shrunk[0].save(
        content,
        format="GIF",
        save_all=True,
        append_images=shrunk[1:],
        duration=round(1000 / fps),
        loop=0,
        optimize=True,
    )
    replace_file(path, content.getvalue())


def write_picture(path: Path, picture: np.ndarray, fmt: str = "png", **options: Any) -> None:
    """mediapy's ``write_image``, whole or not at all."""
    replace_file(path, mediapy.compress_image(picture, fmt=fmt, **options))
