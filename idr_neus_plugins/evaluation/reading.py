"""Reading what is scored: meshes and reference points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import trimesh

from idr_neus_plugins.errors import UserError


def load_mesh(path: Path) -> trimesh.Trimesh:
    """Triangles of a mesh file. Raises UserError where there is no such file or it holds no triangles."""
    if not path.is_file():
        raise UserError(f"There is no mesh file {path}.")
    try:
        mesh = trimesh.load(path, force="mesh", process=False)
    except Exception as error:  # every reader of trimesh fails in its own way
        raise UserError(f"{path} cannot be read as a mesh ({error}). PLY, OBJ, GLB, STL and OFF are known.") from error
    if not isinstance(mesh, trimesh.Trimesh) or len(mesh.faces) == 0:
        raise UserError(f"{path} holds no triangles: a mesh is needed, not a point cloud.")
    if not np.isfinite(mesh.vertices).all():
        raise UserError(f"{path} holds vertices that are NaN or infinite.")
    return mesh


def load_points(path: Path, min_views: int) -> np.ndarray:
    """``xyz`` [n, 3] of an npz file, only points seen in at least ``min_views`` views (``views`` [n])."""
    if not path.is_file():
        raise UserError(f"There is no point file {path}.")
    with np.load(path) as content:
        if "xyz" not in content:
            raise UserError(f"{path} has no array 'xyz' [n, 3]; it holds {sorted(content)}.")
        if min_views and "views" not in content:
            raise UserError(f"{path} has no array 'views': leave out --min-views.")
        points = content["xyz"].astype(np.float64)
        kept = points[content["views"] >= min_views] if min_views else points
    if len(kept) == 0:
        raise UserError(f"No point of {path} is seen in {min_views} views or more ({len(points)} points in all).")
    return kept
