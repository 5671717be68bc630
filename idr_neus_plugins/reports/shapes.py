"""Shapes in three dimensions for a page that works without a network: trimesh's own viewer, three.js and all inside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from jaxtyping import Float, UInt8

MAX_FACES = 40_000
"""Of a mesh in a page."""
GREY = (170, 170, 170, 255)


def shape_page(mesh_file: Path, error_file: Path) -> str:
    """HTML of a viewer for the error of a mesh, for a frame's ``srcdoc``.

    Where the errors belong to points, they are shown as small beads around the mesh in grey.
    """
    from trimesh.viewer.notebook import scene_to_html

    error: Any = trimesh.load(error_file, process=False)
    if isinstance(error, trimesh.Trimesh):
        shapes = [smaller(error)]
    else:
        mesh: Any = trimesh.load(mesh_file, force="mesh", process=False)
        grey = trimesh.Trimesh(mesh.vertices, mesh.faces, vertex_colors=_uniform(GREY, len(mesh.vertices)))
        size = 0.004 * float(np.linalg.norm(mesh.extents))
        shapes = [smaller(grey), beads(np.asarray(error.vertices), np.asarray(error.colors), size)]
    return scene_to_html(trimesh.Scene(shapes), escape_quotes=True)


def smaller(mesh: trimesh.Trimesh, faces: int = MAX_FACES) -> trimesh.Trimesh:
    """At most about ``faces`` faces, vertex colours kept (quadric decimation, Garland and Heckbert 1997)."""
    if len(mesh.faces) <= faces:
        return mesh
    import open3d

    full = open3d.geometry.TriangleMesh(
        open3d.utility.Vector3dVector(np.asarray(mesh.vertices, dtype=np.float64)),
        open3d.utility.Vector3iVector(np.asarray(mesh.faces, dtype=np.int32)),
    )
    visual: Any = mesh.visual
    full.vertex_colors = open3d.utility.Vector3dVector(visual.vertex_colors[:, :3] / 255.0)
    few = full.simplify_quadric_decimation(faces)
    colors = np.round(np.asarray(few.vertex_colors) * 255).astype(np.uint8)
    return trimesh.Trimesh(np.asarray(few.vertices), np.asarray(few.triangles), vertex_colors=colors, process=False)


def beads(points: Float[np.ndarray, "n 3"], colors: UInt8[np.ndarray, "n 4"], size: float) -> trimesh.Trimesh:
    """A tetrahedron of the given size around every point, since points of one pixel are hardly seen."""
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) * (size / 2)
    triangles = np.array([[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]])
    vertices = (points[:, None] + corners).reshape(-1, 3)
    faces = (4 * np.arange(len(points))[:, None, None] + triangles).reshape(-1, 3)
    return trimesh.Trimesh(vertices, faces, vertex_colors=np.repeat(colors, 4, axis=0), process=False)


def _uniform(color: tuple[int, int, int, int], count: int) -> UInt8[np.ndarray, "count 4"]:
    return np.tile(np.array(color, np.uint8), (count, 1))
