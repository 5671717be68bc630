"""Fewer faces, and what that cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from idr_neus_plugins.core.raycasting import RayCaster
from idr_neus_plugins.errors import UserError

if TYPE_CHECKING:
    import trimesh


class Deviation(NamedTuple):
    """Distances between two surfaces, in their units."""

    mean: float
    """Of both directions."""
    largest: float
    """Hausdorff distance, as far as the vertices of both tell."""


def simplify(mesh: trimesh.Trimesh, faces: int) -> trimesh.Trimesh:
    """About ``faces`` faces by quadric edge collapse (Garland and Heckbert 1997); a closed mesh stays closed.

    Returns the mesh itself where it has no more. Raises UserError for fewer than four.
    """
    if faces < 4:
        raise UserError(f"A closed mesh has at least 4 faces, {faces} were asked for.")
    if len(mesh.faces) <= faces:
        return mesh
    import pymeshlab
    import trimesh

    # Single precision inside of the collapse: coordinates far from the origin would lose their last digits.
    centre, size = mesh.bounds.mean(0), float(np.ptp(mesh.bounds, axis=0).max())
    work = pymeshlab.MeshSet()  # type: ignore[attr-defined]
    work.add_mesh(pymeshlab.Mesh((mesh.vertices - centre) / size, mesh.faces))  # type: ignore[attr-defined]
    work.meshing_decimation_quadric_edge_collapse(
        targetfacenum=faces, preservetopology=True, preservenormal=True, preserveboundary=True, autoclean=False
    )
    work.meshing_remove_unreferenced_vertices()
    fewer = work.current_mesh()
    return trimesh.Trimesh(fewer.vertex_matrix() * size + centre, fewer.face_matrix(), process=False)


def deviation(one: trimesh.Trimesh, other: trimesh.Trimesh) -> Deviation:
    """From the vertices of each surface to the closest points of the other."""
    there = RayCaster(other).distances(one.vertices)
    back = RayCaster(one).distances(other.vertices)
    return Deviation(float((there.mean() + back.mean()) / 2), float(max(there.max(), back.max())))
