"""Errors as colours on a mesh or on points, for a PLY that any viewer opens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import trimesh
from jaxtyping import Float, UInt8

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.writing import replace_file

ColoredShape = trimesh.Trimesh | trimesh.PointCloud
UNKNOWN = (128, 128, 128, 255)
"""Where there is nothing to compare with."""


def error_colors(distances: Float[np.ndarray, " n"], limit: float) -> UInt8[np.ndarray, "n 4"]:
    """RGBA for errors from 0 (blue) to ``limit`` and more (red), in matplotlib's `turbo`; NaN is grey."""
    from matplotlib import colormaps

    known = ~np.isnan(distances)
    colors = np.tile(np.array(UNKNOWN, np.uint8), (len(distances), 1))
    colors[known] = colormaps["turbo"](np.minimum(distances[known] / limit, 1.0), bytes=True)
    return colors


def colored_mesh(mesh: trimesh.Trimesh, distances: Float[np.ndarray, " vertices"], limit: float) -> trimesh.Trimesh:
    """The mesh with the error of each vertex as its colour."""
    return trimesh.Trimesh(mesh.vertices, mesh.faces, vertex_colors=error_colors(distances, limit), process=False)


def colored_points(
    points: Float[np.ndarray, "n 3"], distances: Float[np.ndarray, " n"], limit: float
) -> trimesh.PointCloud:
    """The points with their errors as colours."""
    return trimesh.PointCloud(points, colors=error_colors(distances, limit))


def write_shape(shape: ColoredShape, path: Path) -> None:
    """A mesh or points with vertex colours as PLY, in one step. Raises UserError for another suffix."""
    if path.suffix.lower() != ".ply":
        raise UserError(f"{path}: colours of errors are written as .ply.")
    content = shape.export(file_type="ply")
    replace_file(path, content if isinstance(content, bytes) else str(content).encode())
