"""Painted solids: manifolds with a colour at each vertex, which unions and differences carry along.

z is up, lengths are those of the finished object, about one unit high or wide.
"""

from __future__ import annotations

from collections.abc import Sequence

import manifold3d
import numpy as np
from manifold3d import CrossSection, Manifold

from idr_neus_plugins.single_view.shapes.paint import Paint

Vector = Sequence[float | int] | np.ndarray
Polygon = Sequence[tuple[float | int, float | int]]

EDGE = 0.07
"""Longest edge of a painted solid: colours between its vertices are interpolated."""
SEGMENTS = 28
"""Of a full circle."""


def box(sizes: Vector, centre: Vector, paint: Paint) -> Manifold:
    return painted(Manifold.cube(list(sizes), True), paint).translate(np.asarray(centre, float))


def rod(start: Vector, end: Vector, radii: tuple[float, float], paint: Paint) -> Manifold:
    """A round bar between two points, its radius going from the first to the second; painted along its axis as z."""
    first, last = np.asarray(start, float), np.asarray(end, float)
    length = float(np.linalg.norm(last - first))
    solid = painted(Manifold.cylinder(length, *radii, SEGMENTS), paint)
    return solid.transform(np.column_stack([_turn_z_to((last - first) / length), first]))


def lathe(profile: Polygon, paint: Paint) -> Manifold:
    """The polygon ``profile`` [n, 2] of (radius, height), counter-clockwise, turned around the z axis."""
    return painted(Manifold.revolve(CrossSection([np.asarray(profile, float)]), SEGMENTS), paint)


def prism(profile: Polygon, width: float, paint: Paint) -> Manifold:
    """The polygon ``profile`` [n, 2] in the (y, z) plane, counter-clockwise seen from +x, ``width`` along x."""
    solid = Manifold.extrude(CrossSection([np.asarray(profile, float)]), width).translate([0.0, 0.0, -width / 2])
    yz_to_world = np.array([[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]])
    return painted(solid.transform(yz_to_world), paint)


def ring(radius: float, thickness: float, paint: Paint) -> Manifold:
    """A torus around the z axis: ``radius`` of its circle, ``thickness`` the radius of its tube."""
    circle = CrossSection.circle(thickness, 14).translate([radius, 0.0])
    return painted(Manifold.revolve(circle, SEGMENTS), paint)


def painted(solid: Manifold, paint: Paint) -> Manifold:
    """The solid with edges of at most :data:`EDGE` and the paint's colours as its vertices' properties."""
    mesh = solid.refine_to_length(EDGE).to_mesh()
    positions = np.asarray(mesh.vert_properties, np.float32)[:, :3]
    colored = np.concatenate([positions, paint(positions)], axis=1).astype(np.float32)
    return Manifold(manifold3d.Mesh(colored, np.asarray(mesh.tri_verts, np.uint32)))


def union(parts: Sequence[Manifold]) -> Manifold:
    return Manifold.batch_boolean(list(parts), manifold3d.OpType.Add)


def _turn_z_to(direction: np.ndarray) -> np.ndarray:
    """A rotation [3, 3] that takes the z axis to a unit vector."""
    aside = np.eye(3)[np.abs(direction).argmin()]
    x = np.cross(aside, direction)
    x /= np.linalg.norm(x)
    return np.column_stack([x, np.cross(direction, x), direction])
