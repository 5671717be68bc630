"""What a recipe may be called and ask for: its names become folders, and its flags the command lines of programs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from idr_neus_plugins.errors import UserError

if TYPE_CHECKING:
    from idr_neus_plugins.recipes.recipe import Flags, Recipe

NAME = re.compile(r"\w[\w .+=()-]{0,99}")
FLAG = re.compile(r"[A-Za-z][\w.-]*")
OURS = ("output-dir", "experiment-name", "timestamp", "data", "json", "mesh", "load-dir", "load-config")
"""Flags that say where things are. A job has a folder of its own."""


def check_names(recipe: Recipe, where: str) -> None:
    """Raises UserError for names that could lead out of the folder, and for flags that are none or would move a job."""
    names = {"name": recipe.name}
    for place, scene in enumerate(recipe.scenes):
        names[f"scenes[{place}].name"] = scene.name
        if not _is_below(scene.data):
            raise UserError(f"{where}: scenes[{place}].data must be a folder below --data-root, not {scene.data!r}.")
    for place, method in enumerate(recipe.methods):
        names |= {f"methods[{place}].method": method.method, f"methods[{place}].label": method.label}
    for field, name in names.items():
        if not NAME.fullmatch(name) or ".." in name:
            raise UserError(f"{where}: {field} becomes a folder and cannot be {name!r}: letters, digits, . - _ only.")
    for field, flags in _all_flags(recipe):
        for flag, value in flags.items():
            _check_flag(f"{where}: {field}", flag, value)


def _all_flags(recipe: Recipe) -> Iterator[tuple[str, Flags]]:
    yield "export", recipe.export
    for place, scene in enumerate(recipe.scenes):
        yield from (
            (f"scenes[{place}].{name}", flags) for name, flags in (("parser", scene.parser), ("truth", scene.truth))
        )
    for place, method in enumerate(recipe.methods):
        groups = (("flags", method.flags), ("parser", method.parser), ("export", method.export))
        yield from ((f"methods[{place}].{name}", flags) for name, flags in groups)


def _check_flag(where: str, flag: str, value: Any) -> None:
    if not FLAG.fullmatch(flag) or flag.replace("_", "-") in OURS:
        raise UserError(f"{where}: {flag!r} is no flag that a recipe may set.")
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(each, (str, int, float)) for each in values):
        raise UserError(f"{where}: {flag} must be a number, a word, true, or a list of numbers or words.")
    if wrong := [each for each in values if isinstance(each, str) and each.startswith("--")]:
        raise UserError(f"{where}: {flag} cannot be {wrong[0]!r}, which is a flag itself.")


def _is_below(path: str) -> bool:
    """Whether a relative path stays below where it starts, on any system."""
    parts = (*PurePosixPath(path).parts, *PureWindowsPath(path).parts)
    is_absolute = PurePosixPath(path).is_absolute() or PureWindowsPath(path).anchor
    return bool(path) and "\0" not in path and ".." not in parts and not is_absolute
