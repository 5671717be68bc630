"""Files of text, numbers and arrays become data here; whatever is wrong with one is a UserError that names it."""

from __future__ import annotations

import json
import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.errors import UserError, brief

LARGEST_TEXT = 256 * 2**20
"""Bytes. A COLMAP model of a thousand photographs as text has a tenth of that."""
LARGEST_ARRAYS = 2**30
"""Bytes of an npz once unpacked."""


def require_file(path: Path, largest: int | None = None) -> Path:
    """The path itself. Raises UserError for what is missing, empty, larger than ``largest`` bytes, or no plain file
    (opening a pipe would wait for ever)."""
    try:
        if not path.exists():
            raise UserError(f"{path} does not exist.")
        if not path.is_file():
            raise UserError(f"{path} is {'a folder' if path.is_dir() else 'a pipe or a device'}, not a file.")
        size = path.stat().st_size
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be opened ({brief(error)}).") from None
    if size == 0:
        raise UserError(f"{path} is empty (0 bytes). Replace the file.")
    if largest is not None and size > largest:
        raise UserError(f"{path} has {size / 2**20:.0f} MiB; at most {largest / 2**20:.0f} MiB are read.")
    return path


def read_bytes(path: Path) -> bytes:
    require_file(path, LARGEST_TEXT)
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({brief(error)}).") from None


def read_text(path: Path) -> str:
    """Text in UTF-8 or, with its byte order mark, UTF-16 (some editors on Windows)."""
    content = read_bytes(path)
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is no text in UTF-8 ({brief(error)}).") from None


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file."""
    try:
        content = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{path} cannot be read as JSON ({brief(error)}).") from None
    if not isinstance(content, dict):
        raise UserError(f"{path} holds a {type(content).__name__}; an object with named entries is expected.")
    return content


def load_npz(path: Path) -> dict[str, np.ndarray]:
    """All arrays of an npz file. Raises UserError where it cannot be read or unpacks to more than a gibibyte."""
    require_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked <= LARGEST_ARRAYS:
            with np.load(path) as arrays:
                return dict(arrays)
    except Exception as error:  # a damaged archive makes zipfile and NumPy raise nearly anything
        raise UserError(f"{path} cannot be read as an npz file ({brief(error)}).") from None
    raise UserError(f"{path} unpacks to {unpacked / 2**20:.0f} MiB; at most {LARGEST_ARRAYS / 2**20:.0f} are read.")


def load_npy(path: Path) -> np.ndarray:
    """The array in an npy file, with the limits of :func:`load_npz`."""
    require_file(path, LARGEST_ARRAYS)
    try:
        return np.load(path)
    except Exception as error:  # as above
        raise UserError(f"{path} cannot be read as an npy file ({brief(error)}).") from None


def number(value: Any, where: str) -> float:
    """A finite number out of a file; ``where`` says which, for the message."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if isinstance(value, bool) or not math.isfinite(found):
        raise UserError(f"{where} is {str(value)[:40]!r}; a finite number is expected.")
    return found


def matrix(value: Any, rows: int, columns: int, where: str) -> Float[np.ndarray, "rows columns"]:
    """A matrix of finite numbers out of a file, from nested lists, words or an array."""
    try:
        found = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise UserError(f"{where} is no matrix of numbers; {rows}x{columns} are expected.") from None
    if found.ndim == 1 and found.size == rows * columns:
        found = found.reshape(rows, columns)
    if found.shape != (rows, columns):
        raise UserError(f"{where} has the shape {list(found.shape)}; {rows}x{columns} numbers are expected.")
    if not np.isfinite(found).all():
        raise UserError(f"{where} holds NaN or infinite numbers: it was not estimated. Remove the view from the file.")
    return found
