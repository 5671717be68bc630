"""Charts that do not overlap, and texels that lie on the surface."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.mesh import Mesh
from idr_neus_plugins.meshing.texture.atlas import rasterise, unwrap
from idr_neus_plugins.meshing.texture.bake import padded


def ball(radius: float = 0.5) -> Mesh:
    mesh = trimesh.creation.icosphere(3, radius=radius)
    return Mesh(np.array(mesh.vertices) + [5, 0, 0], np.array(mesh.faces), np.array(mesh.vertices) / radius)


@pytest.fixture(scope="module")
def unwrapped():
    return unwrap(ball(), 128)


def test_the_surface_is_the_same_and_every_vertex_has_its_place(unwrapped):
    mesh, uv = unwrapped
    assert len(mesh.faces) == len(ball().faces) and len(uv) == len(mesh.vertices) > len(ball().vertices)
    assert uv.min() >= 0 and uv.max() <= 1
    welded = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    welded.merge_vertices(merge_norm=True)
    assert welded.is_watertight and welded.volume == pytest.approx(ball().shape.volume)


def test_charts_do_not_overlap(unwrapped):
    mesh, uv = unwrapped
    (ax, ay), (bx, by), (cx, cy) = (uv[corner].T for corner in mesh.faces.T)
    area = np.abs((bx - ax) * (cy - ay) - (by - ay) * (cx - ax)).sum() / 2
    covered = len(rasterise(unwrapped, 128).rows) / 128**2
    assert covered == pytest.approx(area, rel=0.03) and covered > 0.4


def test_texels_lie_on_the_surface_under_their_uv(unwrapped):
    texels = rasterise(unwrapped, 128)
    assert np.abs(np.linalg.norm(texels.positions - [5, 0, 0], axis=1) - 0.5).max() < 0.01
    np.testing.assert_allclose(texels.normals, (texels.positions - [5, 0, 0]) / 0.5, atol=0.03)
    mesh, uv = unwrapped
    nearest = np.linalg.norm(mesh.vertices[:, None] - texels.positions[None, ::97], axis=2).argmin(0)
    place = np.stack([texels.columns + 0.5, 128 - texels.rows - 0.5], 1)[::97] / 128
    assert np.median(np.linalg.norm(uv[nearest] - place, axis=1)) < 0.05


def test_padding_takes_the_nearest_colour(unwrapped):
    texels = rasterise(unwrapped, 128)
    colors = np.full((len(texels.rows), 3), 200, np.uint8)
    assert (padded(texels, colors, 128) == 200).all()


def test_no_face_no_texture():
    with pytest.raises(UserError, match="no face"):
        unwrap(ball().only(np.zeros(len(ball().faces), bool)), 64)
