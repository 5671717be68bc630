"""The steps together, on a sphere."""

from __future__ import annotations

import json

import numpy as np
import pytest
import trimesh

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.build import build_mesh
from idr_neus_plugins.meshing.crop import Box
from idr_neus_plugins.meshing.options import MeshOptions
from idr_neus_plugins.meshing.output import write_built
from tests.meshing.views import SphereSurface, looking_at_origin, painted_sphere, photograph


def build(views=None, crop=None, **options):
    return build_mesh(SphereSurface(), MeshOptions(**{"resolution": 40, **options}), views, crop, progress=False)


def seen_from_above():
    camera = looking_at_origin(np.array([0.0, 0.0, 3.0]))
    return photograph([camera], painted_sphere(0.5, lambda positions: np.ones_like(positions)))


def test_refined_vertices_normals_of_the_field_and_colors():
    built = build()
    radii = np.linalg.norm(built.mesh.vertices, axis=1)
    assert np.percentile(np.abs(radii - 0.5), 95) < 1e-5
    np.testing.assert_allclose(built.mesh.normals, built.mesh.vertices / radii[:, None], atol=1e-4)
    np.testing.assert_array_equal(built.mesh.colors[:, 0] == 255, built.mesh.vertices[:, 0] > 0)
    assert built.report["watertight"] and built.report["faces"] == len(built.mesh.faces)


def test_the_error_of_simplifying_is_told_in_world_units():
    built = build(faces=300)
    assert len(built.mesh.faces) <= 300 < built.report["simplified_from"]
    radii = np.linalg.norm(built.mesh.shape.triangles_center, axis=1)
    sag = 10 * (0.5 - radii.min())
    assert 0.1 * sag < built.report["error_max"] < 2 * sag and built.report["error_mean"] < built.report["error_max"]


@pytest.mark.parametrize("closed", [True, False])
def test_a_crop_in_world_units(closed):
    built = build(crop_box=(-9.0, -9.0, -9.0, 9.0, 9.0, 0.0), close_border=closed)
    assert built.report["watertight"] is closed
    assert built.mesh.vertices[:, 2].max() == pytest.approx(0, abs=0.03)
    rim = np.abs(built.mesh.vertices[:, 2]) < 0.005
    assert (built.mesh.normals[rim][:, 2] > 0.9).any() == closed  # the cap's own normals, not the field's


def test_a_crop_that_is_handed_over_wins():
    built = build(crop=Box.between(np.array([[0.0, -1, -1], [1, 1, 1]])), crop_sphere=(90.0, 90.0, 90.0, 1.0))
    assert built.mesh.vertices[:, 0].min() == pytest.approx(0, abs=0.03)


def test_seen_and_unseen():
    marked = build(seen_from_above(), visibility=True)
    trimmed = build(seen_from_above(), unseen="trim")
    assert set(marked.mesh.attributes) == {"views", "confidence"} and marked.report["watertight"]
    assert not trimmed.report["watertight"] and trimmed.mesh.vertices[:, 2].min() > 0
    assert (marked.mesh.attributes["views"] > 0).sum() < len(marked.mesh.vertices) / 2


def test_files_of_a_built_mesh(tmp_path):
    matrix = np.diag([10.0, 10, 10, 1])
    record = write_built(build(), tmp_path / "mesh.ply", "world", matrix)
    assert json.loads((tmp_path / "mesh.json").read_text()) == record and record["files"] == ["mesh.ply"]
    assert trimesh.load(tmp_path / "mesh.ply").volume == pytest.approx(4 / 3 * np.pi * 5**3, rel=0.01)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"crop_box": (0.0,) * 6, "crop_sphere": (0.0,) * 4}, "one crop"),
        ({"smallest_piece": 2.0}, "share between 0 and 1"),
        ({"hull": True}, "need the training views"),
    ],
)
def test_what_cannot_be_done(options, message):
    with pytest.raises(UserError, match=message):
        build(**options)
