"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from idr_neus_plugins.errors import UserError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def replace_file(path: Path, content: bytes) -> None:
    """Makes the folder, writes beside ``path`` and renames: a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        partial.write_bytes(content)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    replace_file(path, (json.dumps(content, indent=2) + "\n").encode())


def encode_png(picture: np.ndarray) -> bytes:
    """The file's content, of 8-bit pixels [height, width(, channels)]."""
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(picture).save(content, format="PNG")
    return content.getvalue()


def write_png(picture: np.ndarray, path: Path) -> None:
    replace_file(path, encode_png(picture))


def write_figure(figure: Figure, path: Path) -> None:
    """Writes a plot as png."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110)
    replace_file(path, content.getvalue())


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A new folder that appears complete or not at all: yields where to write its content.

    Raises UserError where ``folder`` holds anything already; nothing is ever overwritten.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} exists and is not empty. Name a new folder, or remove this one.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        yield partial
        partial.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
