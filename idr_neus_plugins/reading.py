"""Files of others become data here: whatever is wrong with one is a UserError that names it.

Libraries raise whatever comes to them on a file that is cut short, is of another kind, or was made to do harm. All of
it is met at this boundary, where the file becomes data; nothing further in has to expect it.
"""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.errors import UserError, brief

if TYPE_CHECKING:
    from yaml import SafeLoader

LARGEST_TEXT = 256 * 2**20
"""Bytes. A COLMAP model of a thousand photographs as text has a tenth of that."""
LARGEST_YAML = 4 * 2**20
"""Bytes. PyYAML reads a megabyte in ten seconds."""
LARGEST_ARRAYS = 2**30
"""Bytes of an npz once unpacked."""
ANEW = "Make it anew, or name another file."


@contextmanager
def as_data(path: Path, what: str, advice: str = ANEW) -> Iterator[None]:
    """Nothing but reading belongs within: any error there means that ``path`` is not ``what``, and becomes a UserError.

    A UserError passes as it is. Raises UserError, too, where ``path`` is no plain file with something in it.
    """
    require_file(path)
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # a damaged file makes libraries raise nearly anything
        raise UserError(f"{path} cannot be read as {what} ({_reason(error)}). {advice}") from error


def require_file(path: Path, largest: int | None = None) -> Path:
    """The path itself. Raises UserError for what is missing, empty, larger than ``largest`` bytes, or no plain file
    (opening a pipe would wait for ever)."""
    try:
        if not path.exists():
            raise UserError(f"{path} does not exist. Check the path.")
        if not path.is_file():
            raise UserError(f"{path} is {'a folder' if path.is_dir() else 'a pipe or a device'}, not a file.")
        size = path.stat().st_size
    except (OSError, ValueError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{path} cannot be opened ({brief(error)}).") from None
    if size == 0:
        raise UserError(f"{path} is empty (0 bytes). Replace the file.")
    if largest is not None and size > largest:
        raise UserError(f"{path} has {size / 2**20:.0f} MiB; at most {largest / 2**20:.0f} MiB are read.")
    return path


def read_bytes(path: Path, largest: int = LARGEST_TEXT) -> bytes:
    require_file(path, largest)
    with as_data(path, "a file"):
        return path.read_bytes()


def read_text(path: Path, largest: int = LARGEST_TEXT) -> str:
    """Text in UTF-8 or, with its byte order mark, UTF-16 (some editors on Windows)."""
    content = read_bytes(path, largest)
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is no text in UTF-8 ({brief(error)}).") from None


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file."""
    text = read_text(path)
    with as_data(path, "JSON"):
        content = json.loads(text)
    if not isinstance(content, dict):
        raise UserError(f"{path} holds a {type(content).__name__}; an object with named entries is expected.")
    return content


def read_yaml(path: Path, what: str, loader: type[SafeLoader], advice: str = ANEW) -> Any:
    """The content of a YAML file; the loader says what may be built."""
    import yaml

    text = read_text(path, LARGEST_YAML)
    with as_data(path, what, advice):
        return yaml.load(text, Loader=loader)


def load_npz(path: Path) -> dict[str, np.ndarray]:
    """All arrays of an npz file. Raises UserError where it cannot be read or unpacks to more than a gibibyte."""
    with as_data(path, "an npz file"):
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
            if unpacked > LARGEST_ARRAYS:
                raise UserError(
                    f"{path} unpacks to {unpacked / 2**20:.0f} MiB; at most {LARGEST_ARRAYS / 2**20:.0f} are read."
                )
            for entry in archive.infolist():
                with archive.open(entry) as file:
                    _require_content(file, entry.file_size)
        with np.load(path) as arrays:
            return dict(arrays)


def load_npy(path: Path) -> np.ndarray:
    """The array in an npy file, with the limits of :func:`load_npz`."""
    require_file(path, LARGEST_ARRAYS)
    with as_data(path, "an npy file"):
        with path.open("rb") as file:
            _require_content(file, path.stat().st_size)
        return np.load(path)


def _require_content(file: BufferedIOBase | IO[bytes], size: int) -> None:
    """Raises ValueError where an array's header declares more than there is: NumPy would take memory for all of it."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, kind = read(file)
    declared = math.prod(shape) * kind.itemsize
    if declared > size and not kind.hasobject:
        raise ValueError(f"an array of {declared / 2**20:,.0f} MiB in {size / 2**20:,.1f} MiB")


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


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, KeyError):
        return f"it lacks {error}"
    return brief(error) or type(error).__name__
