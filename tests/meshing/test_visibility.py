"""Who sees what, against a sphere's geometry and a shadow."""

from __future__ import annotations

import numpy as np
import trimesh

from idr_neus_plugins.core.raycasting import RayCaster
from idr_neus_plugins.meshing.visibility import faces_seen, visibility
from tests.meshing.views import around, looking_at_origin


def test_a_camera_sees_the_near_cap_of_a_sphere():
    ball = trimesh.creation.icosphere(4, radius=0.5)
    camera = looking_at_origin(np.array([0.0, 0.0, 3.0]))
    sight = visibility(RayCaster(ball), ball.vertices, ball.vertices / 0.5, [camera], progress=False)
    horizon = 0.5**2 / 3.0
    clear = np.abs(ball.vertices[:, 2] - horizon) > 0.03
    np.testing.assert_array_equal((sight.views == 1)[clear], (ball.vertices[:, 2] > horizon)[clear])
    top = ball.vertices[:, 2].argmax()
    assert sight.confidence[top] == np.float32(0.5) and sight.confidence[ball.vertices[:, 2].argmin()] == 0


def test_another_ball_throws_a_shadow():
    ball, screen = trimesh.creation.icosphere(4, radius=0.3), trimesh.creation.icosphere(3, radius=0.1)
    screen.apply_translation([0, 0, 0.8])
    both = trimesh.util.concatenate([ball, screen])
    camera = looking_at_origin(np.array([0.0, 0.0, 3.0]))
    normals = np.array(both.vertex_normals)
    sight = visibility(RayCaster(both), both.vertices, normals, [camera], progress=False)
    top = np.linalg.norm(both.vertices - [0, 0, 0.3], axis=1).argmin()
    side = np.linalg.norm(both.vertices - [0.2, 0, 0.22], axis=1).argmin()
    assert sight.views[top] == 0 and sight.views[side] == 1


def test_points_outside_of_the_image_are_not_seen():
    ball = trimesh.creation.icosphere(3, radius=0.5)
    camera = looking_at_origin(np.array([0.0, 0.0, 3.0]), size=16, focal=200.0)
    sight = visibility(RayCaster(ball), ball.vertices, ball.vertices / 0.5, [camera], progress=False)
    reach = 3.0 * 8 / 200
    assert 0 < sight.views.sum() and np.abs(ball.vertices[sight.views > 0, :2]).max() < reach


def test_more_looks_more_confidence_and_faces_by_their_vertices():
    ball = trimesh.creation.icosphere(3, radius=0.5)
    few, many = (
        visibility(RayCaster(ball), ball.vertices, ball.vertices / 0.5, around(count), progress=False)
        for count in (6, 30)
    )
    assert few.confidence.mean() < many.confidence.mean() < 1 and many.views.min() >= 5
    views = np.zeros(len(ball.vertices), np.int32)
    views[0] = 1
    assert faces_seen(ball.faces, views).sum() == (ball.faces == 0).any(1).sum()
