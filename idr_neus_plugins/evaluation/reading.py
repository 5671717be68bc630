"""Reading what is scored: meshes and reference points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import trimesh

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reading import as_data, load_npz


def load_mesh(path: Path) -> trimesh.Trimesh:
    """Triangles of a mesh file. Raises UserError where there is no such file or it holds no triangles."""
    if not path.is_file():
        raise UserError(f"There is no mesh file {path}.")
    with as_data(path, "a mesh", "PLY, OBJ, GLB, STL and OFF are known."):
        mesh = trimesh.load(path, force="mesh", process=False)
    if not isinstance(mesh, trimesh.Trimesh) or len(mesh.faces) == 0:
        raise UserError(f"{path} holds no triangles: a mesh is needed, not a point cloud.")
    if not np.isfinite(mesh.vertices).all():
        raise UserError(f"{path} holds vertices that are NaN or infinite.")
    if mesh.faces.min() < 0 or mesh.faces.max() >= len(mesh.vertices):
        raise UserError(f"{path} has triangles of vertices that are not there: it was cut short. Export it again.")
    return mesh


def load_points(path: Path, min_views: int) -> np.ndarray:
    """``xyz`` [n, 3] of an npz file, only points seen in at least ``min_views`` views (``views`` [n])."""
    if not path.is_file():
        raise UserError(f"There is no point file {path}.")
    content = load_npz(path)
    if "xyz" not in content:
        raise UserError(f"{path} has no array 'xyz' [n, 3]; it holds {sorted(content)}.")
    if min_views and "views" not in content:
        raise UserError(f"{path} has no array 'views': leave out --min-views.")
    with as_data(path, "points"):
        points = content["xyz"].astype(np.float64)
        if points.ndim != 2 or points.shape[1] != 3 or not np.isfinite(points).all():
            raise ValueError(f"points of the shape {points.shape}, or some that are not finite")
        kept = points[content["views"] >= min_views] if min_views else points
    if len(kept) == 0:
        raise UserError(f"No point of {path} is seen in {min_views} views or more ({len(points)} points in all).")
    return kept
