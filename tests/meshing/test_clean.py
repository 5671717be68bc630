"""Components and degenerate faces."""

from __future__ import annotations

import numpy as np
import trimesh

from idr_neus_plugins.meshing.clean import drop_degenerate, face_components, large_components
from idr_neus_plugins.meshing.extract import extract_mesh
from tests.meshing.shapes import REGION, sphere, union


def test_the_largest_component_by_area_not_by_face_count():
    coarse, fine = trimesh.creation.icosphere(subdivisions=1), trimesh.creation.icosphere(subdivisions=4, radius=0.1)
    fine.apply_translation([3, 0, 0])
    both = trimesh.util.concatenate([fine, coarse])
    kept = large_components(both)
    assert len(kept.faces) == len(coarse.faces) and kept.is_watertight
    np.testing.assert_allclose(kept.bounds, coarse.bounds)
    share = fine.area / coarse.area
    assert len(large_components(both, 0.9 * share).faces) == len(both.faces)
    assert len(large_components(both, 1.1 * share).faces) == len(coarse.faces)


def test_extracted_floaters_go_and_the_object_stays_closed():
    floaters = [sphere(0.05, (x, 0.8, -0.8)) for x in (-0.8, 0.0, 0.8)]
    mesh = extract_mesh(union(sphere(0.5), *floaters), REGION, 70, progress=False)
    assert face_components(mesh).max() == 3
    kept = large_components(mesh)
    assert kept.is_watertight and kept.euler_number == 2 and np.abs(kept.vertices).max() < 0.51


def test_degenerate_faces_are_dropped():
    mesh = trimesh.creation.box()
    faces = np.vstack([mesh.faces, [[0, 0, 1], [2, 3, 2]]])
    cleaned = drop_degenerate(trimesh.Trimesh(mesh.vertices, faces, process=False))
    assert len(cleaned.faces) == 12 and cleaned.is_watertight
