"""The solids that a sample scene can show: every module here that defines ``SOLID`` is one, by the module's name."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from idr_neus_plugins.data.solids.solid import Solid
from idr_neus_plugins.errors import UserError

PARTS = {"solid", "shapes", "paints"}
"""Modules that solids are made of."""


def solid_names() -> list[str]:
    """In alphabetical order."""
    return sorted(module.name for module in iter_modules(__path__) if module.name not in PARTS)


def solid_named(name: str) -> Solid:
    """Raises UserError for a name that no solid has."""
    if name not in solid_names():
        raise UserError(f"There is no solid '{name}'. Known are {', '.join(solid_names())}.")
    return import_module(f"{__name__}.{name}").SOLID
