"""Points spread over a surface, and its size."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from idr_neus_plugins.core.raycasting import RayCaster
from idr_neus_plugins.evaluation.surface_points import angles_deg, at_closest, diameter, sample_surface, turned_to


def test_samples_are_seeded_uniform_and_carry_the_normals_of_their_faces():
    mesh = trimesh.creation.box(extents=[1, 2, 3])
    points, normals = sample_surface(mesh, 20_000, seed=3)
    np.testing.assert_array_equal(points, sample_surface(mesh, 20_000, seed=3).points)
    assert not np.array_equal(points, sample_surface(mesh, 20_000, seed=4).points)
    shares = np.abs(normals).mean(0)  # of the pairs of faces along x, y and z: their areas are 6, 3 and 2 of 11
    np.testing.assert_allclose(shares, [6 / 11, 3 / 11, 2 / 11], atol=0.015)
    np.testing.assert_allclose(np.einsum("ij,ij->i", points, normals), normals**2 @ [0.5, 1, 1.5], atol=1e-12)


def test_closest_points_lie_on_the_faces_whose_normals_they_carry():
    box = trimesh.creation.box()
    found = at_closest(box, RayCaster(box).closest(np.array([[0.2, 0.1, 3.0], [-2.0, 0.3, -0.1]])))
    np.testing.assert_allclose(found.points, [[0.2, 0.1, 0.5], [-0.5, 0.3, -0.1]], atol=1e-6)
    np.testing.assert_allclose(found.normals, [[0, 0, 1], [-1, 0, 0]])


def test_angles_and_sides():
    up, slanted = np.array([[0, 0, 1.0]]), np.array([[0, 0.6, -0.8]])
    np.testing.assert_allclose(angles_deg(up, turned_to(slanted, up)), np.degrees(np.arccos(0.8)))
    np.testing.assert_array_equal(turned_to(up, up), up)


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
