"""Files of others, as data: one way to read each kind of file, and one way to fail.

Libraries raise whatever comes to them on a file that is cut short, is of another kind, or was made to do harm. Here it
becomes a UserError, at the boundary where the file becomes data; nothing further in has to expect it.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from idr_neus_plugins.errors import UserError, brief

if TYPE_CHECKING:
    from yaml import Loader, SafeLoader

LARGEST_TEXT = 256 * 2**20
LARGEST_YAML = 4 * 2**20
"""Bytes of a file that is read at once. PyYAML reads a megabyte in ten seconds."""
LARGEST_ARRAYS = 2**30
"""Bytes of all arrays of a file, unpacked."""


@contextmanager
def as_data(path: Path, what: str, advice: str = "Make it anew, or name another file.") -> Iterator[None]:
    """Nothing but reading belongs within: any error there means that ``path`` is not ``what``, and becomes a UserError.

    A UserError passes as it is.
    """
    try:
        require_file(path, what)
        yield
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{path} cannot be read as {what} ({_reason(error)}). {advice}") from error


def require_file(path: Path, what: str, most: int | None = None) -> None:
    """Raises UserError where ``path`` is none, or one of more than ``most`` bytes. Pipes and devices are no files."""
    try:
        if path.is_file():
            if most is not None and path.stat().st_size > most:
                raise UserError(f"{path} is too large for {what}: more than {most / 2**20:.0f} MB. Name another file.")
            return
        found = "a folder" if path.is_dir() else "no ordinary file" if path.exists() else None
    except (OSError, ValueError) as error:  # a name that cannot be one; a folder that may not be entered
        raise UserError(f"{path} cannot be read as {what} ({_reason(error)}). Name another file.") from error
    if found is not None:
        raise UserError(f"{path} is {found}, not {what}. Name the file itself.")
    raise UserError(f"There is no {path}, which is to be {what}. Check the path.")


def read_text(path: Path, what: str, most: int = LARGEST_TEXT) -> str:
    """UTF-8, with or without the mark that Windows puts before it. Raises UserError."""
    require_file(path, what, most)
    with as_data(path, what):
        return path.read_text(encoding="utf-8-sig")


def read_json(path: Path, what: str) -> Any:
    """Raises UserError, also for content nested too deeply."""
    text = read_text(path, what)
    with as_data(path, what):
        return json.loads(text)


def read_json_object(path: Path, what: str) -> dict[str, Any]:
    """Raises UserError for anything but ``{...}``."""
    content = read_json(path, what)
    if not isinstance(content, dict):
        raise UserError(f"{path} holds {_kind(content)} and not an object {{…}}: it is not {what}. Name another file.")
    return content


def read_yaml(path: Path, what: str, loader: type[SafeLoader | Loader], advice: str = "Check the file.") -> Any:
    """Raises UserError, also for what the loader refuses."""
    import yaml

    text = read_text(path, what, LARGEST_YAML)
    with as_data(path, what, advice):
        return yaml.load(text, Loader=loader)


def read_arrays(path: Path, what: str, most: int = LARGEST_ARRAYS) -> dict[str, np.ndarray]:
    """All arrays of an npz by name; that of an npy file as ``array``.

    Raises UserError, also where they would take more than ``most`` bytes, whatever the file itself takes.
    """
    with as_data(path, what):
        if not zipfile.is_zipfile(path):
            with path.open("rb") as file:
                _require_room(path, _declared(file), min(most, path.stat().st_size))
            return {"array": np.load(path)}
        with zipfile.ZipFile(path) as archive:
            _require_room(path, sum(member.file_size for member in archive.infolist()), most)
            for member in archive.infolist():
                with archive.open(member) as file:
                    _require_room(path, _declared(file), member.file_size)
        with np.load(path) as content:
            return {name: content[name] for name in content.files}


def _declared(file: BufferedIOBase) -> int:
    """Bytes of the array that follows, as its header says."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, kind = read(file)
    return int(np.prod(shape, dtype=object)) * kind.itemsize


def _require_room(path: Path, size: int, most: int) -> None:
    if size > most:
        raise UserError(
            f"{path} declares arrays of {size / 2**20:,.0f} MB where {most / 2**20:,.0f} MB can be: it is broken, or "
            "not made for this. Name another file."
        )


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, KeyError):
        return f"it lacks {error}"
    return brief(error) or type(error).__name__


def _kind(content: Any) -> str:
    return "a list" if isinstance(content, list) else "a single value"
