"""Rays against spheres and boxes."""

from __future__ import annotations

import numpy as np
import trimesh

from idr_neus_plugins.meshing.raycasting import RayCaster


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
