"""Where cameras look, and which way is up in their pictures."""

from __future__ import annotations

import numpy as np
import pytest

from idr_neus_plugins.core.camera import Camera, look_at

PLACE, TARGET, UP = np.array([3.0, -1.0, 2.0]), np.array([0.5, 0.2, -0.3]), np.array([0.0, 0.3, 2.0])
INTRINSICS = np.array([[100.0, 0, 20], [0, 100.0, 15], [0, 0, 1]])


def test_a_pose_is_a_right_handed_rotation_and_a_place():
    pose = look_at(PLACE, TARGET, UP)
    np.testing.assert_allclose(pose[:3, :3].T @ pose[:3, :3], np.eye(3), atol=1e-12)
    assert np.linalg.det(pose[:3, :3]) == pytest.approx(1)
    np.testing.assert_array_equal(pose[:, 3], [*PLACE, 1])
    np.testing.assert_array_equal(pose[3], [0, 0, 0, 1])


def test_the_target_is_in_the_middle_and_what_is_above_it_is_above_it_in_the_picture():
    camera = Camera(INTRINSICS, look_at(PLACE, TARGET, UP)[:3], (30, 40))
    pixels, depths = camera.project(np.stack([TARGET, TARGET + 0.1 * UP]))
    np.testing.assert_allclose(pixels[:, 0], 20)
    assert pixels[0, 1] == pytest.approx(15) and pixels[1, 1] < 15
    assert depths[0] == pytest.approx(np.linalg.norm(TARGET - PLACE))


def test_up_may_have_any_length_and_slant():
    level = UP - (UP @ (TARGET - PLACE)) / np.sum((TARGET - PLACE) ** 2) * (TARGET - PLACE)
    np.testing.assert_allclose(look_at(PLACE, TARGET, UP), look_at(PLACE, TARGET, 70 * level), atol=1e-12)


@pytest.mark.parametrize("up", [TARGET - PLACE, 7 * (PLACE - TARGET), np.zeros(3)])
def test_up_along_the_view_is_an_error(up):
    with pytest.raises(ValueError, match="along one line"):
        look_at(PLACE, TARGET, up)


def test_a_target_at_the_place_is_an_error():
    with pytest.raises(ValueError, match="along one line"):
        look_at(PLACE, PLACE, UP)
