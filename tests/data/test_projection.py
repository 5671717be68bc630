"""P = K [R | t]: taken apart and put together again, whatever the scale and sign of P."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from idr_neus_plugins.data.projection import compose_projection, decompose_projection, skew_in_pixels
from idr_neus_plugins.errors import UserError

unit = st.floats(-1.0, 1.0)
focal = st.floats(50.0, 5000.0)


@st.composite
def cameras(draw):
    intrinsics = np.array([[draw(focal), 3.0 * draw(unit), 400 * draw(unit)], [0, draw(focal), 300.0], [0, 0, 1]])
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_euler("zyz", [draw(unit) * 3, draw(unit) * 3, draw(unit) * 3]).as_matrix()
    pose[:3, 3] = [900 * draw(unit) for _ in range(3)]
    return intrinsics, pose


@given(cameras(), st.sampled_from([1.0, -1.0, 137.5, -0.004]))
def test_round_trip(camera, scale):
    intrinsics, pose = decompose_projection(scale * compose_projection(*camera))
    assert np.allclose(intrinsics, camera[0], rtol=1e-6, atol=1e-6)
    assert np.allclose(pose, camera[1], atol=1e-6)
    assert np.linalg.det(pose[:3, :3]) == pytest.approx(1.0)


def test_a_scene_scale_moves_the_centre_only():
    intrinsics, pose = np.diag([700.0, 710.0, 1.0]), np.eye(4)
    pose[:3, 3] = [100.0, -40.0, 500.0]
    scale_mat = np.diag([137.5, 137.5, 137.5, 1.0])
    found, in_scene = decompose_projection(compose_projection(intrinsics, pose) @ scale_mat)
    assert np.allclose(found, intrinsics)
    assert np.allclose(in_scene[:3, 3], pose[:3, 3] / 137.5)


@pytest.mark.parametrize("projection", [np.full((3, 4), np.nan), np.zeros((3, 4)), np.eye(3, 4)[[0, 0, 2]]])
def test_what_is_no_camera_is_refused(projection):
    with pytest.raises(UserError):
        decompose_projection(projection)


def test_skew_counts_where_it_is_largest():
    intrinsics = np.array([[1000.0, 2.0, 400.0], [0.0, 1000.0, 250.0], [0.0, 0.0, 1.0]])
    assert skew_in_pixels(intrinsics, 600) == pytest.approx(0.7)
