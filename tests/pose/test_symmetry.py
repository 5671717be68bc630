"""What is the same from several sides, and scores that do not count that as an error."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from idr_neus_plugins.meshing.mesh import Mesh
from idr_neus_plugins.pose.evaluation.scores import PosedMesh, box_iou, pose_errors, summary
from idr_neus_plugins.pose.evaluation.symmetry import Symmetry, about_z, closest_equivalent, symmetry_of
from tests.single_view.test_shapes import made

NONE = Symmetry(np.eye(3)[None], False)


def block(*sizes: float) -> trimesh.Trimesh:
    return trimesh.creation.box(sizes)


def posed(mesh: trimesh.Trimesh, rotation: np.ndarray, place=(0.0, 0, 3), scale: float = 1.0) -> PosedMesh:
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = scale * rotation, place
    normals = np.array(mesh.vertex_normals)
    return PosedMesh(Mesh(np.array(mesh.vertices), np.array(mesh.faces), normals), matrix)


def test_blocks_and_cylinders_have_the_symmetries_they_have():
    assert len(symmetry_of(block(1.0, 0.6, 0.4)).rotations) == 4
    assert len(symmetry_of(block(0.8, 0.8, 0.4)).rotations) == 8
    cylinder = symmetry_of(trimesh.creation.cylinder(0.4, 1.0, sections=48))
    assert cylinder.revolution and len(cylinder.rotations) == 2


@pytest.mark.parametrize("category", ["chair", "car", "mug"])
def test_things_with_a_front_have_none(category):
    found = symmetry_of(made(category, 1).solid)
    assert not found.revolution and len(found.rotations) == 1


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.5, 25), st.floats(0, 6))
def test_what_the_symmetry_allows_is_no_error(seed, degrees, turn):
    """Of a cylinder that is tilted by so many degrees, and turned and flipped at will."""
    truth = Rotation.random(random_state=seed).as_matrix()
    tilt = Rotation.from_rotvec([np.radians(degrees), 0, 0]).as_matrix()
    symmetry = Symmetry(np.stack([np.eye(3), np.diag([1.0, -1, -1])]), True)
    shown = truth @ tilt @ symmetry.rotations[seed % 2] @ about_z(turn)
    same = closest_equivalent(shown, truth, symmetry)
    assert np.degrees(Rotation.from_matrix(truth.T @ same).magnitude()) == pytest.approx(degrees, abs=1e-6)


def test_boxes_overlap_as_blocks_do():
    first = posed(block(1, 1, 1), np.eye(3))
    assert box_iou(first, first) == pytest.approx(1.0)
    assert box_iou(first, posed(block(1, 1, 1), np.eye(3), (0.5, 0, 3))) == pytest.approx(1 / 3, abs=1e-6)
    assert box_iou(first, posed(block(1, 1, 1), about_z(np.pi / 4))) == pytest.approx(np.sqrt(2) / 2, abs=1e-6)
    assert box_iou(first, posed(block(1, 1, 1), np.eye(3), (9, 0, 3))) == 0.0


def test_errors_of_a_known_move():
    truth = posed(block(1.0, 0.6, 0.4), np.eye(3), scale=2.0)
    found = posed(block(1.0, 0.6, 0.4), about_z(np.radians(12)), (0.1, 0, 3), scale=2.2)
    errors = pose_errors(found, truth, NONE)
    assert errors["rotation_deg"] == pytest.approx(12)
    assert errors["translation"] == pytest.approx(0.1 / (2 * np.linalg.norm([1.0, 0.6, 0.4])))
    assert errors["scale_ratio"] == pytest.approx(1.1)
    assert errors["add_s"] > 0.005 and not errors["flipped"]
    assert pose_errors(truth, truth, NONE)["add_s"] < 1e-6


def test_a_half_turn_is_a_flip_unless_it_is_a_symmetry():
    mesh = block(1.0, 0.6, 0.4)
    turned, truth = posed(mesh, about_z(np.pi)), posed(mesh, np.eye(3))
    assert pose_errors(turned, truth, NONE)["flipped"] == 1.0
    counted = pose_errors(turned, truth, symmetry_of(mesh))
    assert counted["flipped"] == 0.0 and counted["rotation_deg"] < 1e-3 and counted["box_iou"] == pytest.approx(1.0)


def test_a_summary_says_how_many_are_how_good():
    rows = [
        {
            "rotation_deg": float(d),
            "flipped": 0.0,
            "translation": 0.1,
            "scale_ratio": 0.9,
            "box_iou": 0.5,
            "add_s": 0.05,
        }
        for d in (1, 12, 20, 100)
    ]
    found = summary(rows)
    assert [found[f"accuracy_{limit}"] for limit in (10, 15, 30)] == [0.25, 0.5, 0.75]
    assert (
        found["rotation_deg_median"] == 16
        and found["add_s_10"] == 1
        and found["scale_error_median"] == pytest.approx(0.1)
    )
