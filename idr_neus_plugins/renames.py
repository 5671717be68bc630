"""Where modules have gone that configurations of earlier runs name; nerfstudio's commands import what these name."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import ModuleType

MOVED = {
    "idr_neus_plugins.cli.few_views": "idr_neus_plugins.data.few_views",
    "idr_neus_plugins.cli.runs": "idr_neus_plugins.run",  # which scripts of others import
}
"""Old name -> new one."""


class _MovedModules(MetaPathFinder, Loader):
    """Imports a moved module's names under its old name."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        return spec_from_loader(fullname, self) if fullname in MOVED else None

    def exec_module(self, module: ModuleType) -> None:
        names = vars(import_module(MOVED[module.__name__]))
        vars(module).update({name: value for name, value in names.items() if not name.startswith("__")})


def install() -> None:
    """Once, when the package is imported."""
    sys.meta_path.append(_MovedModules())
