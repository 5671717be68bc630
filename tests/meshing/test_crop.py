"""Boxes, spheres and point clouds as the part that is wanted."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from idr_neus_plugins.core.similarity import Similarity
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.crop import Box, Sphere, box_around, cut, read_cloud, region_within
from idr_neus_plugins.meshing.extract import extract_mesh
from tests.meshing.shapes import REGION, sphere


def turned_box(seed: int) -> Box:
    random = np.random.default_rng(seed)
    return Box(random.normal(size=3), random.uniform(0.2, 1, 3), Rotation.random(random_state=seed).as_matrix())


def similarity(seed: int) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3] = 3.7 * Rotation.random(random_state=seed + 100).as_matrix()
    matrix[:3, 3] = [5.0, -2.0, 1.0]
    return matrix


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_a_moved_box_is_the_box_of_moved_points(seed):
    box, matrix = turned_box(seed), similarity(seed)
    points = np.random.default_rng(seed).normal(size=(100, 3))
    moved = trimesh.transform_points(points, matrix)
    values, values_moved = box.sdf(torch.tensor(points)), box.moved(Similarity.of(matrix)).sdf(torch.tensor(moved))
    torch.testing.assert_close(values_moved, 3.7 * values)


def test_bounds_touch_a_turned_box():
    box = turned_box(3)
    signs = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1).T
    corners = box.centre + (signs * box.half) @ box.axes.T
    np.testing.assert_allclose(box.bounds, [corners.min(0), corners.max(0)])


def test_a_cut_sphere_is_a_closed_cap_of_known_volume():
    lower_half = Box.between(np.array([[-1.0, -1, -1], [1, 1, 0.0]]))
    mesh = extract_mesh(cut(sphere(0.6), lower_half), REGION, 80, progress=False)
    assert mesh.is_watertight and mesh.euler_number == 2
    assert mesh.volume == pytest.approx(2 / 3 * np.pi * 0.6**3, rel=0.01)
    assert mesh.bounds[1, 2] == pytest.approx(0, abs=0.03)


def test_two_spheres_cut_each_other_to_a_lens():
    other = Sphere(np.array([0.6, 0, 0]), 0.6)
    mesh = extract_mesh(cut(sphere(0.6), other), REGION, 100, progress=False)
    assert mesh.volume == pytest.approx(np.pi * (4 * 0.6 + 0.6) * (2 * 0.6 - 0.6) ** 2 / 12, rel=0.01)


def test_the_box_around_a_cloud_has_a_margin(tmp_path):
    points = np.array([[0.0, 0, 0], [10, 4, 2], [5, 1, 1]])
    trimesh.PointCloud(points).export(tmp_path / "interest.ply")
    np.savez(tmp_path / "interest.npz", xyz=points)
    for name in ("interest.ply", "interest.npz"):
        np.testing.assert_allclose(box_around(read_cloud(tmp_path / name)).bounds, [[-0.5] * 3, [10.5, 4.5, 2.5]])


def test_the_searched_region_shrinks_to_the_part():
    region = region_within(REGION, Sphere(np.array([0.9, 0, 0]), 0.2))
    np.testing.assert_allclose(region, [[0.692, -0.208, -0.208], [1, 0.208, 0.208]], atol=1e-6)


def test_bad_parts_are_named(tmp_path):
    with pytest.raises(UserError, match="outside of"):
        region_within(REGION, Sphere(np.array([5.0, 0, 0]), 0.2))
    with pytest.raises(UserError, match="differ along every axis"):
        Box.between(np.array([[0.0, 0, 0], [1, 0, 1]]))
    with pytest.raises(UserError, match="positive radius"):
        Sphere(np.zeros(3), -1.0)
    with pytest.raises(UserError, match="no point cloud"):
        read_cloud(tmp_path / "none.ply")
    (tmp_path / "bad.ply").write_text("not a cloud")
    with pytest.raises(UserError, match="cannot be read"):
        read_cloud(tmp_path / "bad.ply")
