"""From a name in a file to the photograph on disk, wherever the folder has been moved meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from idr_neus_plugins.data.files import IMAGE_SUFFIXES, MASK_SUFFIXES, plain_name
from idr_neus_plugins.errors import UserError


def find_named(name: object, folders: Sequence[Path], suffixes: frozenset[str] = IMAGE_SUFFIXES) -> Path:
    """The file called ``name`` in the first of ``folders`` that has it.

    The name may have backslashes, may lack its suffix, and may begin with folders of the computer on which it was
    written. Raises UserError where there is no such file, or several that may be meant.
    """
    if not isinstance(name, str) or not name.strip() or "\0" in name:
        raise UserError(f"{folders[0]}: {str(name)[:60]!r} is no file name.")
    parts = [part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in (".", "/")]
    whole = Path(name)
    if whole.is_absolute() and _is_file(whole):
        return whole
    for start in range(len(parts)):
        if start and ".." in parts[:start]:
            continue
        for folder in folders:
            if (found := _in_folder(folder.joinpath(*parts[start:]), suffixes)) is not None:
                return found
    raise UserError(
        f"{folders[0].joinpath(*parts) if not whole.is_absolute() else whole} does not exist. Put the file there, or "
        "remove its view from the list."
    )


def _in_folder(path: Path, suffixes: frozenset[str]) -> Path | None:
    """The path itself, or with a suffix or another one, in another form of Unicode or in other case."""
    if _is_file(path):
        return path
    if not _is_folder(path.parent):
        return None
    wanted = plain_name(path.name)
    there = [entry for entry in path.parent.iterdir() if entry.name[0] != "." and _is_file(entry)]
    same = [entry for entry in there if plain_name(entry.name) == wanted]
    if not same:
        stem = plain_name(path.stem) if path.suffix.lower() in suffixes else wanted
        same = [entry for entry in there if plain_name(entry.stem) == stem and entry.suffix.lower() in suffixes]
    if len(same) > 1:
        raise UserError(
            f"{path} may be {' or '.join(sorted(entry.name for entry in same))}. Remove all but one of them."
        )
    return same[0] if same else None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long a name
        return False


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def find_mask(name: object, folders: Sequence[Path]) -> Path:
    return find_named(name, folders, MASK_SUFFIXES)
