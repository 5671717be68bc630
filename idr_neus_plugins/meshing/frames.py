"""Frames and formats: a mesh in the world of the cameras, as a file that other programs open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from idr_neus_plugins.writing import replace_file

if TYPE_CHECKING:
    import trimesh

MeshFormat = Literal["ply", "obj", "glb"]
Frame = Literal["world", "scene"]


def to_frame(mesh: trimesh.Trimesh, target_from_scene: np.ndarray) -> trimesh.Trimesh:
    """Copy moved by a 4×4 matrix; a mirroring matrix turns the faces, so that they still look outwards."""
    moved = mesh.copy()
    moved.vertices = mesh.vertices @ target_from_scene[:3, :3].T + target_from_scene[:3, 3]
    if np.linalg.det(target_from_scene[:3, :3]) < 0:
        moved.faces = moved.faces[:, ::-1]
    return moved


def frame_record(frame: Frame, world_from_scene: np.ndarray) -> dict[str, Any]:
    """What a reader needs to move a mesh between the frames."""
    units = {
        "world": "those of the input cameras (millimetres for DTU)",
        "scene": "normalised: the region of interest is the unit sphere",
    }
    return {"frame": frame, "units": units[frame], "world_from_scene": world_from_scene.tolist()}


def write_mesh(mesh: trimesh.Trimesh, path: Path) -> None:
    """Writes PLY, OBJ or GLB by the suffix of ``path``, with normals and vertex colours, replacing it in one step."""
    options: dict[str, Any] = {"include_normals": True}
    if path.suffix == ".ply":
        options["vertex_normal"] = options.pop("include_normals")
    content = mesh.export(file_type=path.suffix[1:], **options)
    replace_file(path, content if isinstance(content, bytes) else str(content).encode())
