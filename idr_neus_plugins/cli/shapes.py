"""Writing coloured shapes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.writing import replace_file

if TYPE_CHECKING:
    from idr_neus_plugins.evaluation.error_colors import ColoredShape


def write_shape(shape: ColoredShape, path: Path) -> None:
    """A mesh or points with vertex colours as PLY, in one step. Raises UserError for another suffix."""
    if path.suffix.lower() != ".ply":
        raise UserError(f"{path}: colours of errors are written as .ply.")
    content = shape.export(file_type="ply")
    replace_file(path, content if isinstance(content, bytes) else str(content).encode())
