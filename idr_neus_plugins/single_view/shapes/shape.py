"""A coloured shape: what is photographed, and the watertight solid that is its truth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, UInt8

from idr_neus_plugins.core.raycasting import RayCaster
from idr_neus_plugins.meshing.frames import to_frame
from idr_neus_plugins.meshing.mesh import Mesh
from idr_neus_plugins.meshing.rendering import mesh_colors

if TYPE_CHECKING:
    import trimesh
    from manifold3d import Manifold

RADIUS = 0.9
"""Of a normalised shape: its farthest point from the centroid of its surface; the scene's sphere has radius 1."""


@dataclass(frozen=True)
class Shape:
    """Both meshes are in one frame, z up; normalised, the solid lies within :data:`RADIUS` of the origin."""

    look: Mesh
    """With colours or a texture."""
    solid: trimesh.Trimesh
    """Watertight."""

    @cached_property
    def caster(self) -> RayCaster:
        return RayCaster(self.solid)

    def colors(self, positions: Float[np.ndarray, "points 3"]) -> UInt8[np.ndarray, "points 3"]:
        """Those of the look's points closest to ``positions``."""
        _, faces, weights = RayCaster(self.look.shape).closest(positions)
        colors = mesh_colors(self.look, self.look.faces[faces], weights)
        return (colors.clip(0, 1) * 255).round().astype(np.uint8)

    def normalised(self) -> Shape:
        return self.moved(self.normalisation)

    @property
    def normalisation(self) -> Float[np.ndarray, "4 4"]:
        """Takes the centroid of the surface to the origin and the size to :data:`RADIUS` (as DISN does)."""
        areas = self.solid.area_faces
        centre = (self.solid.triangles_center * areas[:, None]).sum(0) / areas.sum()
        scale = RADIUS / np.linalg.norm(self.solid.vertices - centre, axis=1).max()
        matrix = np.diag([scale, scale, scale, 1.0])
        matrix[:3, 3] = -scale * centre
        return matrix

    def moved(self, matrix: Float[np.ndarray, "4 4"]) -> Shape:
        """By a similarity."""
        return Shape(to_frame(self.look, matrix), self.solid.copy().apply_transform(matrix))


def shape_of(solid: Manifold) -> Shape:
    """The shape of a painted manifold (see ``solids``), flat-shaded, as its edges are sharp."""
    import trimesh

    mesh = solid.to_mesh()
    properties, faces = np.asarray(mesh.vert_properties, np.float64), np.asarray(mesh.tri_verts, np.int64)
    # Where colours meet a vertex is there twice; which is which is known, and nearness would join too many.
    one = np.arange(len(properties))
    one[np.asarray(mesh.merge_from_vert, np.int64)] = np.asarray(mesh.merge_to_vert, np.int64)
    watertight = trimesh.Trimesh(properties[:, :3], one[faces], process=False)
    watertight.remove_unreferenced_vertices()
    colors = (properties[faces.reshape(-1), 3:6].clip(0, 1) * 255).round().astype(np.uint8)
    return Shape(flat_shaded(properties[:, :3][faces], colors), watertight)


def flat_shaded(triangles: np.ndarray, colors: np.ndarray) -> Mesh:
    """Triangles [m, 3, 3] with colours of their corners [3 m, 3] uint8, each with its own normal."""
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True).clip(min=1e-12)
    faces = np.arange(3 * len(triangles)).reshape(-1, 3)
    return Mesh(triangles.reshape(-1, 3), faces, normals.repeat(3, axis=0), colors=colors)
