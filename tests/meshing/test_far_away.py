"""A mesh five thousand kilometres from the origin keeps its tenths of millimetres."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from idr_neus_plugins.meshing.far_away import distance, significant_digits, with_double_positions
from idr_neus_plugins.meshing.files import write_mesh
from idr_neus_plugins.meshing.mesh import Mesh

FAR = np.array([465123.25, 5248765.5, 512.125])


def ball(offset: np.ndarray) -> Mesh:
    shape = trimesh.creation.icosphere(subdivisions=2, radius=0.5)
    colors = np.arange(3 * len(shape.vertices), dtype=np.uint8).reshape(-1, 3)
    return Mesh(np.array(shape.vertices) + offset, np.array(shape.faces), np.array(shape.vertex_normals), colors=colors)


@pytest.mark.parametrize("suffix", ["ply", "obj"])
def test_files_keep_the_detail(suffix, tmp_path):
    mesh = ball(FAR)
    write_mesh(mesh, tmp_path / f"mesh.{suffix}", {"frame": "world"})
    found = trimesh.load(tmp_path / f"mesh.{suffix}", process=False)
    assert np.abs(found.vertices - mesh.vertices).max() < 1e-7
    assert np.array_equal(np.asarray(found.visual.vertex_colors)[:, :3], mesh.colors)
    np.testing.assert_allclose(found.vertex_normals, mesh.normals, atol=1e-5)
    assert np.array_equal(found.faces, mesh.faces)


def test_near_the_origin_nothing_changes():
    mesh = ball(np.array([10.0, 0.0, 0.0]))
    assert with_double_positions(b"anything", mesh.vertices) == b"anything"
    assert significant_digits(mesh.vertices) == 10 and distance(np.zeros((0, 3))) == 0.0
    assert significant_digits(ball(FAR).vertices) == 15
