"""Pictures of a coloured mesh."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from idr_neus_plugins.meshing.mesh import Mesh
from idr_neus_plugins.meshing.rendering import GREY, MeshRenderer
from tests.meshing.views import looking_at_origin

CAMERA = looking_at_origin(np.array([0.0, 0.0, 3.0]), size=48, focal=100.0)


def ball(colors=None) -> Mesh:
    mesh = trimesh.creation.icosphere(5, radius=0.5)
    return Mesh(np.array(mesh.vertices), np.array(mesh.faces), np.array(mesh.vertices) / 0.5, colors)


def test_silhouette_has_the_right_area_with_soft_edges():
    picture = MeshRenderer(ball())(CAMERA, rays_across=4)
    tangent = 0.5 / np.sqrt(3**2 - 0.5**2)
    assert picture.accumulation.sum() == pytest.approx(np.pi * (100 * tangent) ** 2, rel=0.01)
    assert 0 < ((picture.accumulation > 0) & (picture.accumulation < 1)).mean() < 0.1
    np.testing.assert_allclose(picture.rgb, GREY * picture.accumulation.repeat(3, 2), atol=1e-6)


def test_colours_of_vertices_and_normals_are_interpolated():
    mesh = ball()
    colored = ball(((mesh.normals + 1) * 127.5).round().astype(np.uint8))
    picture = MeshRenderer(colored)(CAMERA)
    inside = picture.accumulation[..., 0] == 1
    np.testing.assert_allclose(picture.rgb[inside], 0.5 + 0.5 * picture.normals[inside], atol=0.01)
    np.testing.assert_allclose(picture.normals[24, 24], [0, 0, 1], atol=0.03)
