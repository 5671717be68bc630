"""Distances whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.evaluation.distance import MeshDistance, diameter, load_mesh, load_points, sample_surface


def test_distance_to_a_box_is_exact_far_from_the_origin():
    mesh = trimesh.creation.box()
    mesh.apply_translation([700, -300, 100])
    points = mesh.vertices.mean(0) + [[2, 0, 0], [0, 0.3, 0], [1.5, 1.5, 1.5], [0.5, 0.2, 0.1], [3, 4.5, 0]]
    closest = MeshDistance(mesh)(points)
    np.testing.assert_allclose(closest.distances, [1.5, 0.2, 3**0.5, 0, np.hypot(2.5, 4)], atol=3e-6)
    np.testing.assert_allclose(mesh.face_normals[closest.faces[:2]], [[1, 0, 0], [0, 1, 0]])


def test_distance_is_to_faces_not_to_vertices():
    triangle = trimesh.Trimesh([[0, 0, 0], [10, 0, 0], [0, 10, 0]], [[0, 1, 2]], process=False)
    assert MeshDistance(triangle)(np.array([[3.0, 3.0, 2.0]])).distances[0] == pytest.approx(2, abs=1e-5)


def test_agrees_with_brute_force():
    mesh = trimesh.creation.icosphere(subdivisions=2)
    points = np.random.default_rng(0).normal(size=(200, 3))
    each = [
        trimesh.triangles.closest_point(mesh.triangles, np.broadcast_to(point, (len(mesh.faces), 3)))
        for point in points
    ]
    exact = np.array([np.linalg.norm(near - point, axis=1).min() for near, point in zip(each, points, strict=True)])
    np.testing.assert_allclose(MeshDistance(mesh)(points).distances, exact, atol=2e-6)


def test_samples_are_seeded_and_uniform():
    mesh = trimesh.creation.box(extents=[1, 2, 3])
    points, faces = sample_surface(mesh, 20_000, seed=3)
    np.testing.assert_array_equal(points, sample_surface(mesh, 20_000, seed=3)[0])
    assert not np.array_equal(points, sample_surface(mesh, 20_000, seed=4)[0])
    np.testing.assert_allclose(np.bincount(faces) / 20_000, mesh.area_faces / mesh.area, atol=0.015)


@pytest.mark.parametrize(
    ("mesh", "size"),
    [
        (trimesh.creation.box(extents=[1, 2, 3]), 14**0.5),
        (trimesh.creation.icosphere(subdivisions=4, radius=5), 10),
        (trimesh.creation.cylinder(radius=1, height=7), 53**0.5),
    ],
)
def test_diameter(mesh, size):
    assert diameter(mesh.vertices) == pytest.approx(size, rel=2e-3)


def test_load_mesh_says_what_is_wrong(tmp_path):
    with pytest.raises(UserError, match="no mesh file"):
        load_mesh(tmp_path / "none.ply")
    (tmp_path / "broken.ply").write_text("nonsense")
    with pytest.raises(UserError, match="cannot be read"):
        load_mesh(tmp_path / "broken.ply")
    trimesh.PointCloud(np.eye(3)).export(tmp_path / "cloud.ply")
    with pytest.raises(UserError, match="no triangles"):
        load_mesh(tmp_path / "cloud.ply")


def test_load_points(tmp_path):
    np.savez(tmp_path / "p.npz", xyz=np.eye(3), views=[2, 4, 5])
    assert len(load_points(tmp_path / "p.npz", 4)) == 2
    np.savez(tmp_path / "bare.npz", xyz=np.eye(3))
    assert len(load_points(tmp_path / "bare.npz", 0)) == 3
    with pytest.raises(UserError, match="views"):
        load_points(tmp_path / "bare.npz", 4)
    with pytest.raises(UserError, match="9 views or more"):
        load_points(tmp_path / "p.npz", 9)
    np.savez(tmp_path / "other.npz", points=np.eye(3))
    with pytest.raises(UserError, match="xyz"):
        load_points(tmp_path / "other.npz", 0)
    with pytest.raises(UserError, match="no point file"):
        load_points(tmp_path / "none.npz", 0)
