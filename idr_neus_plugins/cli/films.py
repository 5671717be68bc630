"""Films from lists of pictures; written whole or not at all."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.writing import replace_file


def write_mp4(frames: Sequence[np.ndarray], path: Path, fps: float) -> None:
    """H.264 of pictures [height, width, 3] uint8 with even sides. Raises UserError where ffmpeg is missing."""
    import mediapy

    with TemporaryDirectory() as folder:
        partial = Path(folder) / "film.mp4"
        try:
            mediapy.write_video(partial, frames, fps=fps)
        except RuntimeError as error:
            raise UserError(f"The film could not be encoded ({error}). ffmpeg must be on PATH.") from error
        replace_file(path, partial.read_bytes())


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
