"""A surface laid out flat: charts by xatlas, and which texel shows which point."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from idr_neus_plugins.core.raycasting import RayCaster
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.mesh import Mesh

PADDING = 4
"""Texels between charts: with bilinear look-up two levels of a mip map stay free of their neighbours."""


class Unwrapped(NamedTuple):
    mesh: Mesh
    """The same surface; vertices where charts part are there once for each chart."""
    uv: np.ndarray
    """Places of its vertices in the picture [n, 2], in [0, 1], v upwards."""


class Texels(NamedTuple):
    """The texels that show a piece of the surface."""

    rows: np.ndarray
    """[t], from the top."""
    columns: np.ndarray
    """[t]."""
    positions: np.ndarray
    """Points of the surface under the texels' centres [t, 3]."""
    normals: np.ndarray
    """Unit normals there [t, 3]."""


def unwrap(mesh: Mesh, size: int) -> Unwrapped:
    """Charts for a picture of ``size`` × ``size`` texels. Raises UserError for a mesh without faces."""
    import xatlas

    if not len(mesh.faces):
        raise UserError("There is no face to texture.")
    centre, extent = mesh.vertices.mean(0), float(np.ptp(mesh.vertices, axis=0).max())
    atlas, packing = xatlas.Atlas(), xatlas.PackOptions()
    packing.resolution, packing.padding, packing.bilinear = size, PADDING, True
    atlas.add_mesh(((mesh.vertices - centre) / extent).astype(np.float32), mesh.faces.astype(np.uint32))
    atlas.generate(pack_options=packing)
    vertices, faces, uv = atlas[0]
    return Unwrapped(mesh.take(vertices.astype(np.int64), faces.astype(np.int64)), uv.astype(np.float64))


def rasterise(unwrapped: Unwrapped, size: int) -> Texels:
    """The surface under every texel of a ``size`` × ``size`` picture, by casting rays on the charts laid out flat."""
    import trimesh

    mesh, uv = unwrapped
    flat = trimesh.Trimesh(np.column_stack([uv, np.zeros(len(uv))]), mesh.faces, process=False)
    centres = (np.indices((size, size)).reshape(2, -1).T + 0.5) / size
    above = np.column_stack([centres[:, 1], 1 - centres[:, 0], np.ones(size * size)])
    hits = RayCaster(flat).first_hits(above, np.broadcast_to([0.0, 0.0, -1.0], above.shape))
    texels = np.nonzero(hits.met)[0]
    corners, weights = mesh.faces[hits.faces[texels]], hits.barycentric[texels]
    positions, normals = (np.einsum("tc,tcx->tx", weights, each[corners]) for each in (mesh.vertices, mesh.normals))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True).clip(min=1e-12)
    return Texels(texels // size, texels % size, positions, normals)


def parts_of(texels: Texels, largest: int) -> list[np.ndarray]:
    """Indices of texels in parts of at most this many, those of one direction together: whole parts are then turned
    away from a view, which costs nothing."""
    similar = np.lexsort(np.rint(2 * texels.normals).T)
    return np.array_split(similar, len(similar) // largest + 1)
