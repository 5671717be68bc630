"""Fewer faces: how many, closed still, and the error that is told."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.extract import extract_mesh
from idr_neus_plugins.meshing.simplify import deviation, simplify
from tests.meshing.shapes import REGION, torus


def test_a_torus_keeps_its_hole_and_stays_closed():
    mesh = extract_mesh(torus(), REGION, 60, progress=False)
    fewer = simplify(mesh, 800)
    assert 700 <= len(fewer.faces) <= 800 < len(mesh.faces)
    assert fewer.is_watertight and fewer.is_winding_consistent and fewer.euler_number == 0
    assert fewer.volume == pytest.approx(mesh.volume, rel=0.02)


def test_far_from_the_origin_and_large():
    mesh = trimesh.creation.icosphere(4, radius=80)
    mesh.apply_translation([9000, -4000, 7000])
    fewer = simplify(mesh, 500)
    assert deviation(mesh, fewer).largest < 4 and fewer.is_watertight


def test_the_error_of_a_coarse_sphere_is_known():
    fine, coarse = trimesh.creation.icosphere(5, radius=2), trimesh.creation.icosphere(1, radius=2)
    found = deviation(fine, coarse)
    depth = 2 - np.linalg.norm(coarse.triangles_center, axis=1).min()
    assert found.largest == pytest.approx(depth, rel=0.02)
    assert 0 < found.mean < found.largest / 2


def test_nothing_to_do_and_too_few():
    mesh = trimesh.creation.box()
    assert simplify(mesh, 12) is mesh
    with pytest.raises(UserError, match="at least 4"):
        simplify(mesh, 3)
