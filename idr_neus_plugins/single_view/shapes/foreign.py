"""Meshes of others as shapes: a folder of GLB, OBJ, PLY, ... in one subfolder per category."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.mesh import Mesh
from idr_neus_plugins.meshing.reading import read_mesh
from idr_neus_plugins.single_view.shapes.shape import Shape

SUFFIXES = (".glb", ".gltf", ".obj", ".ply", ".off", ".stl")
Y_UP = (".glb", ".gltf", ".obj", ".off")
"""Formats whose files usually stand upright along y; they are turned to z."""
WRAP = 1.0
"""Percent of the diagonal: smaller holes are closed when a mesh is wrapped, and it grows by a fortieth of that."""


def find_meshes(folder: Path) -> dict[str, list[Path]]:
    """Mesh files by category, the name of the first subfolder (the folder's own for files that lie in none).

    Raises UserError where there are none.
    """
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        if path.suffix.lower() in SUFFIXES:
            inner = path.relative_to(folder).parts
            found.setdefault(inner[0] if len(inner) > 1 else folder.name, []).append(path)
    if not found:
        raise UserError(f"{folder} holds no meshes ({', '.join(SUFFIXES)}). Name a folder of meshes with --meshes.")
    return found


def read_shape(path: Path) -> Shape:
    """The mesh in its colours, z up, and its solid: the mesh itself where it is watertight, else a wrap around it."""
    look = read_mesh(path)
    if path.suffix.lower() in Y_UP:
        look = _stood_up(look)
    solid = look.shape
    solid.merge_vertices(merge_tex=True, merge_norm=True)
    if not solid.is_watertight or solid.volume <= 0:
        solid = _wrapped(look)
    return Shape(look, solid)


def _stood_up(mesh: Mesh) -> Mesh:
    from idr_neus_plugins.meshing.frames import to_frame

    return to_frame(mesh, np.array([[1.0, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]))


def _wrapped(mesh: Mesh):
    """A watertight surface closely around the mesh (alpha wrapping, Portaneri et al. 2022)."""
    import pymeshlab
    import trimesh

    lab: Any = pymeshlab  # has no type stubs that know its classes
    meshes = lab.MeshSet()
    meshes.add_mesh(lab.Mesh(mesh.vertices, mesh.faces))
    meshes.generate_alpha_wrap(alpha=lab.PercentageValue(WRAP), offset=lab.PercentageValue(WRAP / 40))
    wrapped = meshes.current_mesh()
    return trimesh.Trimesh(wrapped.vertex_matrix(), wrapped.face_matrix(), process=False)
