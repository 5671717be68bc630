"""Surfaces from photographs, as nerfstudio method plugins.

``load_run("…/config.yml").surface().sdf(x)`` asks a finished run in Python. What is named here is imported when it is
first used, because every ``ns-*`` command imports this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from idr_neus_plugins import renames

if TYPE_CHECKING:
    from idr_neus_plugins.core.surface import Surface, SurfaceHits
    from idr_neus_plugins.errors import UserError
    from idr_neus_plugins.run import Run, load_run

__version__ = "0.1.0"
__all__ = ["Run", "Surface", "SurfaceHits", "UserError", "load_run"]

renames.install()

_HOMES = {
    "Run": "run",
    "Surface": "core.surface",
    "SurfaceHits": "core.surface",
    "UserError": "errors",
    "load_run": "run",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
