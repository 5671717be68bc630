"""Watertight solids of what other data sets have instead of meshes: oriented points, coloured voxels."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, UInt8

from idr_neus_plugins.meshing.frames import to_frame
from idr_neus_plugins.meshing.mesh import Mesh
from idr_neus_plugins.single_view.shapes.shape import Shape

DEPTH = 7
"""Of the octree: 2^7 cells along a cloud's longest side."""
LEVEL = 0.05
"""Distance in voxels between the outermost filled voxels' centres and the surface. Voxels are filled where the surface
passes through them, so on average it passes through their centres; their outer sides lie half a voxel outside of it."""
GREY = 180

Z_UP = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
"""From y upwards."""


def solid_of_points(points: Float[np.ndarray, "points 3"], normals: Float[np.ndarray, "points 3"]) -> Mesh:
    """The closed surface through points with outward normals (screened Poisson, Kazhdan and Hoppe 2013), in grey."""
    import open3d

    vectors = open3d.utility.Vector3dVector
    cloud = open3d.geometry.PointCloud(vectors(points))
    cloud.normals = vectors(normals)
    surface, _ = open3d.geometry.TriangleMesh.create_from_point_cloud_poisson(cloud, depth=DEPTH)
    vertices, faces = np.asarray(surface.vertices), np.asarray(surface.triangles, np.int64)
    return _mesh(vertices, faces, np.full(vertices.shape, GREY, np.uint8))


def solid_of_voxels(colors: UInt8[np.ndarray, "x y z 3"], filled: Bool[np.ndarray, "x y z"]) -> Mesh:
    """What ``filled`` encloses, in voxels: voxel i spans i to i + 1. ``filled`` may be solid or the surface alone."""
    from scipy.ndimage import binary_fill_holes, distance_transform_edt
    from skimage.measure import marching_cubes

    outside = 1.0 - np.pad(np.asarray(binary_fill_holes(filled), float), 1)
    vertices, faces, _, _ = marching_cubes(outside, LEVEL)
    centres = vertices.astype(float) - 1.0
    nearest = np.asarray(distance_transform_edt(~filled, return_distances=False, return_indices=True))
    at = centres.round().astype(int).clip(0, np.array(filled.shape) - 1)
    x, y, z = nearest[:, at[:, 0], at[:, 1], at[:, 2]]
    return _mesh(centres + 0.5, faces.astype(np.int64), colors[x, y, z])


def upright(mesh: Mesh) -> Shape:
    """A shape with z upwards of a solid with y upwards (:data:`Z_UP`)."""
    matrix = np.eye(4)
    matrix[:3, :3] = Z_UP
    turned = to_frame(mesh, matrix)
    return Shape(turned, turned.shape)


def _mesh(vertices: np.ndarray, faces: np.ndarray, colors: np.ndarray) -> Mesh:
    import trimesh

    normals = np.array(trimesh.Trimesh(vertices, faces, process=False).vertex_normals)
    return Mesh(vertices, faces, normals, colors=colors.astype(np.uint8))
