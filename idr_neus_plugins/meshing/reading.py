"""Mesh files back into a finished mesh, ours and those of other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.gltf import linear_to_srgb
from idr_neus_plugins.meshing.mesh import Mesh, Texture
from idr_neus_plugins.meshing.view_files import read_views
from idr_neus_plugins.reading import as_data

if TYPE_CHECKING:
    import trimesh


def read_mesh(path: Path) -> Mesh:
    """Shape, normals, and texture (as ``view_files`` beside it say, with the view) or colours of vertices.

    Raises UserError where there are no triangles in it.
    """
    import trimesh

    if not path.is_file():
        raise UserError(f"There is no mesh file {path}.")
    with as_data(path, "a mesh", "PLY, OBJ, GLB, STL and OFF are known."):
        mesh = _one_mesh(trimesh.load(path, force="scene", process=False))
        require_triangles(mesh, path)
        shape = (np.array(mesh.vertices), np.array(mesh.faces), np.array(mesh.vertex_normals))
        return Mesh(*shape, colors=_colors(mesh, path), texture=_texture(mesh, path))


def require_triangles(mesh: Any, path: Path) -> None:
    """Raises UserError where it is no mesh, or its triangles or vertices cannot be."""
    import trimesh

    if not isinstance(mesh, trimesh.Trimesh) or not len(mesh.faces) or not np.isfinite(mesh.vertices).all():
        raise UserError(f"{path} holds no triangles, or vertices that are not finite.")
    if mesh.faces.min() < 0 or mesh.faces.max() >= len(mesh.vertices):
        raise UserError(f"{path} has triangles of vertices that are not there: it was cut short. Export it again.")


def _one_mesh(scene: Any) -> trimesh.Trimesh:
    """Everything of a file in one mesh; a single mesh as it stands, with the colours that joining would lose."""
    if len(scene.geometry) != 1 or len(scene.graph.nodes_geometry) != 1:
        return scene.to_mesh()
    (mesh,) = scene.geometry.values()
    matrix, _ = scene.graph[scene.graph.nodes_geometry[0]]
    return mesh if np.allclose(matrix, np.eye(4)) else scene.to_mesh()


def _texture(mesh: trimesh.Trimesh, path: Path) -> Texture | None:
    visual: Any = mesh.visual
    if visual.kind != "texture" or visual.uv is None:
        return None
    material = visual.material
    image = getattr(material, "baseColorTexture", None) or getattr(material, "image", None)
    return None if image is None else Texture(np.array(visual.uv), np.asarray(image.convert("RGB")), read_views(path))


def _colors(mesh: trimesh.Trimesh, path: Path) -> np.ndarray | None:
    visual: Any = mesh.visual
    if visual.kind == "texture":
        colors = getattr(visual, "vertex_attributes", {}).get("color")
    else:
        colors = visual.vertex_colors if visual.kind == "vertex" else None
    if colors is None:
        return None
    colors = np.asarray(colors)[:, :3]
    if path.suffix.lower() in (".glb", ".gltf"):
        scale = 255 if colors.dtype.kind in "iu" else 1
        return (255 * linear_to_srgb(colors / scale)).round().astype(np.uint8)
    return colors.astype(np.uint8)
