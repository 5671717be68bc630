"""Rays against spheres and boxes."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from idr_neus_plugins.core.raycasting import RayCaster


def test_first_hits_of_a_box_far_from_the_origin():
    box = trimesh.creation.box(extents=[2, 2, 2])
    box.apply_translation([1000, 2000, 3000])
    origin = np.array([1000.0, 2000, 3010])
    directions = np.array([[0, 0, -1.0], [0.05, 0.03, -2], [0, 1, 0]])
    hits = RayCaster(box).first_hits(origin, directions)
    np.testing.assert_allclose(hits.distances[:2], [9, 4.5], rtol=1e-5)
    assert hits.met.tolist() == [True, True, False] and np.isinf(hits.distances[2])
    corners = box.triangles[hits.faces[:2]]
    points = np.einsum("rc,rcx->rx", hits.barycentric[:2], corners)
    np.testing.assert_allclose(points, origin + hits.distances[:2, None] * directions[:2], atol=1e-4)
    assert hits.barycentric[2].sum() == 0


def test_what_stands_between_two_points():
    caster = RayCaster(trimesh.creation.icosphere(3))
    starts = np.array([[0, 0, 3.0], [0, 0, 3.0], [0, 3.0, 3.0]])
    ends = np.array([[0, 0, 1.5], [0, 0, -3.0], [0, -3.0, 3.0]])
    assert caster.blocked(starts, ends).tolist() == [False, True, False]
    assert caster.blocked(np.empty((0, 3)), np.zeros(3)).shape == (0,)


def test_distances_to_the_surface():
    caster = RayCaster(trimesh.creation.icosphere(5, radius=3))
    points = np.array([[0, 0, 5.0], [0, 0, 0], [0, 2.5, 0]])
    np.testing.assert_allclose(caster.distances(points), [2, 3, 0.5], atol=5e-3)


def test_distance_to_a_box_is_exact_far_from_the_origin():
    mesh = trimesh.creation.box()
    mesh.apply_translation([700, -300, 100])
    points = mesh.vertices.mean(0) + [[2, 0, 0], [0, 0.3, 0], [1.5, 1.5, 1.5], [0.5, 0.2, 0.1], [3, 4.5, 0]]
    closest = RayCaster(mesh).closest(points)
    np.testing.assert_allclose(closest.distances, [1.5, 0.2, 3**0.5, 0, np.hypot(2.5, 4)], atol=3e-6)
    np.testing.assert_allclose(mesh.face_normals[closest.faces[:2]], [[1, 0, 0], [0, 1, 0]])


def test_distance_is_to_faces_not_to_vertices():
    triangle = trimesh.Trimesh([[0, 0, 0], [10, 0, 0], [0, 10, 0]], [[0, 1, 2]], process=False)
    assert RayCaster(triangle).closest(np.array([[3.0, 3.0, 2.0]])).distances[0] == pytest.approx(2, abs=1e-5)


def test_agrees_with_brute_force():
    mesh = trimesh.creation.icosphere(subdivisions=2)
    points = np.random.default_rng(0).normal(size=(200, 3))
    each = [
        trimesh.triangles.closest_point(mesh.triangles, np.broadcast_to(point, (len(mesh.faces), 3)))
        for point in points
    ]
    exact = np.array([np.linalg.norm(near - point, axis=1).min() for near, point in zip(each, points, strict=True)])
    np.testing.assert_allclose(RayCaster(mesh).closest(points).distances, exact, atol=2e-6)
