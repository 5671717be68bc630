"""A similarity moves points and cameras alike, back and forth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from idr_neus_plugins.core.similarity import Similarity
from idr_neus_plugins.errors import UserError


def similarity(seed: int) -> Similarity:
    random = np.random.default_rng(seed)
    return Similarity(
        random.uniform(0.01, 100.0), Rotation.random(random_state=seed).as_matrix(), random.normal(size=3)
    )


def poses(seed: int) -> np.ndarray:
    made = np.tile(np.eye(4), (3, 1, 1))
    made[:, :3, :3] = Rotation.random(3, random_state=seed).as_matrix()
    made[:, :3, 3] = np.random.default_rng(seed).normal(size=(3, 3))
    return made


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_there_and_back(seed):
    there, cameras = similarity(seed), poses(seed)
    points = np.random.default_rng(seed).normal(size=(2, 5, 3))
    np.testing.assert_allclose(there.inverse().points(there.points(points)), points, atol=1e-9)
    np.testing.assert_allclose(there.inverse().cameras(there.cameras(cameras)), cameras, atol=1e-9)
    np.testing.assert_allclose(there.inverse().matrix @ there.matrix, np.eye(4), atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_a_moved_camera_sees_moved_points_in_the_old_directions(seed):
    there, cameras = similarity(seed), poses(seed)
    points = np.random.default_rng(seed).normal(size=(3, 4))
    before = np.linalg.inv(cameras)[:, :3] @ np.vstack([points, np.ones(4)])
    moved = there.points(points.T).T
    after = np.linalg.inv(there.cameras(cameras))[:, :3] @ np.vstack([moved, np.ones(4)])
    np.testing.assert_allclose(after, there.scale * before, rtol=1e-7, atol=1e-9)


def test_a_matrix_is_split_and_anything_else_refused():
    matrix = np.eye(4)
    matrix[:3, :3] = 2.5 * Rotation.from_euler("x", 0.3).as_matrix()
    matrix[:3, 3] = [1.0, 2.0, 3.0]
    scale, rotation, translation = Similarity.of(matrix, "it")
    assert scale == pytest.approx(2.5)
    assert np.allclose(scale * rotation, matrix[:3, :3]) and np.allclose(translation, [1, 2, 3])
    for wrong in (np.diag([1.0, 1.0, 2.0, 1.0]), np.diag([-1.0, 1.0, 1.0, 1.0]), np.zeros((4, 4))):
        with pytest.raises(UserError, match="it "):
            Similarity.of(wrong, "it")
