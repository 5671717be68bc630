"""Mesh files that other programs open: PLY, OBJ, GLB and STL."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.far_away import significant_digits, with_double_positions
from idr_neus_plugins.meshing.gltf import to_glb
from idr_neus_plugins.meshing.mesh import Mesh
from idr_neus_plugins.meshing.view_files import encode_views
from idr_neus_plugins.meshing.view_files import names as view_file_names
from idr_neus_plugins.writing import encode_png, replace_file

if TYPE_CHECKING:
    import trimesh

MeshFormat = Literal["ply", "obj", "glb", "stl"]
HOLD_TEXTURE = ("obj", "glb")
"""Formats that carry a picture; the others take colours of vertices, or none."""


def require_texture_format(mesh_format: str) -> None:
    """Raises UserError for a format that has no place for a texture; to be called before the work is done."""
    if mesh_format not in HOLD_TEXTURE:
        raise UserError(f"{mesh_format.upper()} holds no texture. Use --format {' or '.join(HOLD_TEXTURE)}.")


def write_mesh(mesh: Mesh, path: Path, record: Mapping[str, Any]) -> list[Path]:
    """Writes the format that the suffix of ``path`` names; returns the files, that of the mesh first.

    ``record``: frame, units and matrix, kept inside of PLY (comments), OBJ (comments) and GLB (``asset.extras``). An
    OBJ with a texture comes with ``<stem>.mtl`` and ``<stem>.png``, one that changes with the view with those of
    ``view_files``. Every file is replaced in one step, the mesh last.
    """
    mesh_format = path.suffix[1:]
    if mesh_format not in get_args(MeshFormat):
        raise UserError(f"{path.name}: meshes are written as {', '.join(get_args(MeshFormat))}.")
    if mesh.texture is not None:
        require_texture_format(mesh_format)
    content, beside = _WRITERS[mesh_format](mesh, path.stem, record)
    if mesh.texture is not None and mesh.texture.views is not None:
        beside |= encode_views(mesh.texture.views, path.stem)
    for leftover in {*view_file_names(path.stem)} - {*beside}:
        path.with_name(leftover).unlink(missing_ok=True)  # of an earlier export: it would colour this one wrongly
    companions = [path.with_name(name) for name in beside]
    for companion, data in zip(companions, beside.values(), strict=True):
        replace_file(companion, data)
    replace_file(path, content)
    return [path, *companions]


Content = tuple[bytes, dict[str, bytes]]
"""Of the mesh's file, and of those that stand beside it, by name."""


def _glb(mesh: Mesh, stem: str, record: Mapping[str, Any]) -> Content:
    return to_glb(mesh, record), {}


def _ply(mesh: Mesh, stem: str, record: Mapping[str, Any]) -> Content:
    content = _with_colors(mesh).export(file_type="ply", vertex_normal=True)
    assert isinstance(content, bytes)
    content = with_double_positions(content, mesh.vertices)
    first, second, rest = content.split(b"\n", 2)
    return b"\n".join([first, second, *(b"comment " + line for line in _lines(record)), rest]), {}


def _stl(mesh: Mesh, stem: str, record: Mapping[str, Any]) -> Content:
    content = mesh.shape.export(file_type="stl")
    assert isinstance(content, bytes)
    return content, {}


def _obj(mesh: Mesh, stem: str, record: Mapping[str, Any]) -> Content:
    head = b"".join(b"# " + line + b"\n" for line in _lines(record))
    if mesh.texture is None:
        return head + str(_with_colors(mesh).export(file_type="obj", include_normals=True)).encode(), {}
    return head + _textured_obj(mesh, f"{stem}.mtl"), {
        f"{stem}.mtl": _MATERIAL.format(picture=f"{stem}.png").encode(),
        f"{stem}.png": encode_png(mesh.texture.image),
    }


_MATERIAL = "newmtl surface\nKa 1 1 1\nKd 1 1 1\nKs 0 0 0\nillum 1\nmap_Kd {picture}\n"


def _textured_obj(mesh: Mesh, material_file: str) -> bytes:
    """Text of an OBJ in which position, texture place and normal of a vertex have one number."""
    import numpy as np

    assert mesh.texture is not None
    text = io.StringIO()
    text.write(f"mtllib {material_file}\nusemtl surface\n")
    fine = significant_digits(mesh.vertices)
    for key, rows, digits in (("v", mesh.vertices, fine), ("vt", mesh.texture.uv, 7), ("vn", mesh.normals, 5)):
        np.savetxt(text, rows, fmt=f"{key} " + " ".join([f"%.{digits}g"] * rows.shape[1]))
    np.savetxt(text, np.repeat(mesh.faces + 1, 3, axis=1), fmt="f %d/%d/%d %d/%d/%d %d/%d/%d")
    return text.getvalue().encode()


def _with_colors(mesh: Mesh) -> trimesh.Trimesh:
    import trimesh

    return trimesh.Trimesh(
        mesh.vertices,
        mesh.faces,
        vertex_normals=mesh.normals,
        vertex_colors=mesh.colors,
        vertex_attributes=dict(mesh.attributes),
        process=False,
    )


def _lines(record: Mapping[str, Any]) -> list[bytes]:
    return [f"{name}: {value}".encode("ascii", "replace") for name, value in record.items()]


_WRITERS = {"ply": _ply, "obj": _obj, "glb": _glb, "stl": _stl}
