"""Handles, pieces and borders of shapes that have known ones."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from idr_neus_plugins.evaluation.topology import topology
from idr_neus_plugins.meshing.clean import select_faces


def torus() -> trimesh.Trimesh:
    return trimesh.creation.torus(major_radius=3, minor_radius=1)


@pytest.mark.parametrize(
    ("mesh", "genus", "components"),
    [
        (trimesh.creation.box(), 0, 1),
        (torus(), 1, 1),
        (trimesh.util.concatenate([torus(), trimesh.creation.icosphere(2).apply_translation([9, 0, 0])]), 1, 2),
        (trimesh.util.concatenate([torus(), torus().apply_translation([9, 0, 0])]), 2, 2),
    ],
)
def test_handles_and_pieces_of_closed_surfaces(mesh, genus, components):
    found = topology(mesh)
    assert (found["genus"], found["components"]) == (genus, components)
    assert found["watertight"] == 1 and found["open_edges"] == 0


def test_faces_that_share_no_vertices_in_the_file_hang_together_all_the_same():
    mesh = torus()
    soup = trimesh.Trimesh(mesh.triangles.reshape(-1, 3), np.arange(3 * len(mesh.faces)).reshape(-1, 3), process=False)
    assert topology(soup) == topology(mesh)


def test_a_hole_has_a_border_and_no_genus():
    ball = trimesh.creation.icosphere(3)
    fan = (ball.faces != ball.faces[0, 0]).all(1)  # without the faces around one vertex
    found = topology(select_faces(ball, fan))
    assert found["open_edges"] == (~fan).sum() and found["watertight"] == 0 and "genus" not in found
    assert found["euler"] == 1, "a disk"


def test_specks_are_components_but_not_large_ones():
    speck = trimesh.creation.icosphere(1, radius=0.01).apply_translation([2, 0, 0])
    found = topology(trimesh.util.concatenate([trimesh.creation.icosphere(3), speck]))
    assert found["components"] == 2 and found["components_large"] == 1
