"""One way in which programs lay out a scene on disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from idr_neus_plugins.data.formats.scene import PosedScene


@dataclass(frozen=True)
class Layout:
    find: Callable[[Path], Path | None]
    """From a folder to the file or folder that ``read`` wants; None where the folder has another layout."""
    read: Callable[[Path], PosedScene]
    """Raises UserError for what is damaged or missing."""


def with_file(name: str) -> Callable[[Path], Path | None]:
    """Finds a folder's file of that name."""
    return lambda folder: folder / name if (folder / name).is_file() else None


def where(is_one: Callable[[Path], object]) -> Callable[[Path], Path | None]:
    """Finds the folder itself, if it is one of those."""
    return lambda folder: folder if is_one(folder) else None
