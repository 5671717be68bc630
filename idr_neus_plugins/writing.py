"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import errno
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

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of the system that mean: no room on the disk, in the user's share of it, or for a file of that size."""
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
IN_THE_WAY = (errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY, errno.ENAMETOOLONG)


@contextmanager
def disk_errors(path: Path, mine: bool = True) -> Iterator[None]:
    """What the system says against writing to ``path``, as a UserError that says what to do.

    Args:
        mine: whether nothing but ``path`` is touched within. Otherwise only errors that are certainly of the disk are
            told as its.
    """
    try:
        yield
    except OSError as error:
        message = write_problem(path, error, mine)
        if message is None:
            raise
        raise UserError(message) from error


def write_problem(path: Path, error: OSError, mine: bool = True) -> str | None:
    """Why ``path`` was not written, for a user; None where the error tells nothing of a kind that is known."""
    if error.errno in FULL:
        return f"The disk is full: {path} was not written. {room_left(path)} Make room, or write to another disk."
    if error.errno == errno.EROFS or (mine and error.errno in FORBIDDEN):
        return f"{path} cannot be written ({error.strerror}). Write to a folder of your own."
    if mine and error.errno in IN_THE_WAY:
        return f"{path} cannot be written ({error.strerror}). Name another place."
    return None


def full_disk(error: BaseException | None) -> str | None:
    """What to tell where a full disk is the cause, also of what a library made of it; None where it is not."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in FULL:
            where = f"{error.filename} was not written" if error.filename else "not everything was written"
            return f"The disk is full: {where}. Make room, and run the same command again."
        error = error.__context__
    return None


def room_left(path: Path) -> str:
    """Of the disk that ``path`` is to lie on, as a sentence."""
    there = next(folder for folder in path.absolute().parents if folder.is_dir())
    return f"{shutil.disk_usage(there).free / 1e9:.2f} GB are free in {there}."


def make_folder(folder: Path) -> None:
    """With its parents, unless it exists. Raises UserError where it cannot be made."""
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)


def replace_file(path: Path, content: bytes) -> None:
    """Makes the folder, writes beside ``path`` and renames: a reader sees the old file or the new one.

    Raises UserError where the disk is full, or takes nothing at that place.
    """
    make_folder(path.parent)
    partial = path.with_name(f".{path.name[:40]}.{os.getpid()}.part")  # a name may be as long as names can be
    with disk_errors(path):
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

    Raises UserError where ``folder`` holds anything already (nothing is ever overwritten), and where the disk is full
    or takes nothing at that place.
    """
    with disk_errors(folder):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UserError(f"{folder} exists and is not empty. Name a new folder, or remove this one.")
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name[:64]}.", dir=folder.parent))
    try:
        with disk_errors(folder, mine=False):
            yield partial
        with disk_errors(folder):
            partial.chmod(0o755)
            if folder.exists():
                folder.rmdir()
            partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
