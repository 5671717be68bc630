"""Keeping the object and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import trimesh


def face_components(mesh: trimesh.Trimesh) -> np.ndarray:
    """Component number of every face [m]; faces that share a vertex belong together."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    faces, size = mesh.faces, len(mesh.vertices)
    rows, columns = faces[:, [0, 1]].reshape(-1), faces[:, [1, 2]].reshape(-1)
    graph = coo_matrix((np.ones(len(rows), bool), (rows, columns)), shape=(size, size))
    _, labels = connected_components(graph, directed=False)
    return np.unique(labels[faces[:, 0]], return_inverse=True)[1]


def large_components(mesh: trimesh.Trimesh, smallest: float = 1.0) -> trimesh.Trimesh:
    """The components whose area is at least ``smallest`` times the largest one's; 1 keeps that one alone, 0 all.

    Cavities inside a solid are components of their own.
    """
    components = face_components(mesh)
    areas = np.bincount(components, weights=mesh.area_faces)
    keep = areas >= smallest * areas.max() if smallest < 1 else np.arange(len(areas)) == areas.argmax()
    return select_faces(mesh, keep[components])


def drop_degenerate(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    """Without faces that name a vertex twice. They bound nothing, so a closed mesh stays closed."""
    a, b, c = mesh.faces.T
    return select_faces(mesh, (a != b) & (b != c) & (c != a))


def select_faces(mesh: trimesh.Trimesh, keep: np.ndarray) -> trimesh.Trimesh:
    """The faces where ``keep`` [m] holds and the vertices that they use; attributes other than shape are not kept."""
    import trimesh

    used, faces = np.unique(mesh.faces[keep], return_inverse=True)
    return trimesh.Trimesh(mesh.vertices[used], faces.reshape(-1, 3), process=False)
