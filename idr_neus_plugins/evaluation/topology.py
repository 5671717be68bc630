"""How a mesh hangs together: its pieces, its handles, its borders."""

from __future__ import annotations

import numpy as np
import trimesh
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from idr_neus_plugins.evaluation.scores import Scores

LARGE = 0.001
"""Share of the area from which on a piece counts as large."""


def topology(mesh: trimesh.Trimesh) -> Scores:
    """Of the mesh after vertices at the same place are merged (in single precision, as files often keep them).

    faces; components: pieces that hang together; components_large: of those, with more than LARGE of the area;
    open_edges: that one face alone has; watertight: 1 if every edge has two; euler: vertices − edges + faces; genus:
    handles of all components together, only where it is watertight.
    """
    vertices, faces = _merged(mesh)
    edges, counts = _edges(faces, len(vertices))
    links = coo_array((np.ones(len(edges), bool), tuple(edges.T)), shape=(len(vertices),) * 2)
    components, labels = connected_components(links, directed=False)
    areas = np.bincount(labels[faces[:, 0]], trimesh.triangles.area(vertices[faces]), components)
    euler, watertight = len(vertices) - len(edges) + len(faces), bool((counts == 2).all())
    scores = {
        "faces": len(faces),
        "components": components,
        "components_large": (areas > LARGE * areas.sum()).sum(),
        "open_edges": (counts == 1).sum(),
        "watertight": watertight,
        "euler": euler,
        **({"genus": (2 * components - euler) // 2} if watertight else {}),
    }
    return {name: float(value) for name, value in scores.items()}


def _merged(mesh: trimesh.Trimesh) -> tuple[np.ndarray, np.ndarray]:
    """Vertices that faces use, each once, and the faces that have three different ones."""
    places, numbers = np.unique(np.asarray(mesh.vertices, np.float32), axis=0, return_inverse=True)
    faces = numbers.reshape(-1)[mesh.faces]
    faces = faces[(faces != np.roll(faces, 1, axis=1)).all(1)]
    used, faces = np.unique(faces, return_inverse=True)
    return places[used].astype(np.float64), faces.reshape(-1, 3)


def _edges(faces: np.ndarray, vertices: int) -> tuple[np.ndarray, np.ndarray]:
    """Undirected edges [e, 2], and how many faces have each [e]."""
    ends = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1).astype(np.int64)
    keys, counts = np.unique(ends[:, 0] * vertices + ends[:, 1], return_counts=True)
    return np.stack(np.divmod(keys, vertices), axis=1), counts
