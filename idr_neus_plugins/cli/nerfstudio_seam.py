"""Adds ``mesh`` to the subcommands of ``ns-export``.

nerfstudio's list of exporters is a fixed Union, ``exporter.Commands``, that ``exporter.entrypoint`` hands to tyro. But
the exporter module imports the method configurations, and with them our entry points, while it is itself still being
imported: neither name exists yet, and whatever we assigned would be overwritten by the rest of the module. So the
module gets a class on which ``entrypoint`` is a property. ``from nerfstudio.scripts.exporter import entrypoint``, the
first line of the ``ns-export`` script, then passes through it once the module is complete, and there ``Commands`` is
extended. All other subcommands stay as they are.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Annotated, Union

EXPORTER = "nerfstudio.scripts.exporter"


class _ExporterWithMesh(ModuleType):
    """The exporter module, whose ``entrypoint`` knows one more command."""

    @property
    def entrypoint(self) -> Callable[[], None]:
        names = vars(self)
        if not names.get("_has_mesh"):
            from idr_neus_plugins.cli.export_mesh import ExportMesh, MeshCommand

            stock = names["Commands"]
            names["Commands"] = Union[stock, Annotated[ExportMesh, MeshCommand]]  # noqa: UP007
            names["_has_mesh"] = True
        return names["entrypoint"]


def install_export_mesh() -> None:
    """Called when our methods are loaded; does nothing in any command but ``ns-export``."""
    exporter = sys.modules.get(EXPORTER)
    if exporter is not None:
        exporter.__class__ = _ExporterWithMesh
