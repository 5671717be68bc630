"""Cameras around an object."""

from __future__ import annotations

import numpy as np
import pytest

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.orbit import Orbit, angles
from tests.meshing.views import looking_at_origin


def frontal_cameras():
    """Photographs from x > 0, all at the same height above the origin; z is up."""
    turns = np.linspace(-0.5, 0.5, 5)
    return [looking_at_origin(np.array([2 * np.cos(t), 2 * np.sin(t), 1.0])) for t in turns]


def test_it_begins_where_the_photographs_were_taken_and_turns_about_their_up():
    orbit = Orbit.of(frontal_cameras(), np.zeros(3))
    np.testing.assert_allclose(orbit.up, [0, 0, 1], atol=0.05)
    np.testing.assert_allclose(orbit.front, np.array([2, 0, 1]) / 5**0.5, atol=0.05)
    quarter = orbit.camera(np.pi / 2, 1.0, (40, 60)).centre
    np.testing.assert_allclose(quarter / np.linalg.norm(quarter), np.array([0, 2, 1]) / 5**0.5, atol=0.05)


@pytest.mark.parametrize("angle", [0.0, 2.0])
def test_the_object_is_seen_as_a_whole_and_upright(angle):
    centre = np.array([0.3, -0.2, 0.1])
    orbit = Orbit.of(frontal_cameras(), centre)
    camera = orbit.camera(angle, 0.5, (40, 60))
    sphere = np.random.default_rng(0).normal(size=(2000, 3))
    pixels, _ = camera.project(centre + 0.5 * sphere / np.linalg.norm(sphere, axis=1, keepdims=True))
    assert camera.sees(pixels).all() and np.ptp(pixels[:, 1]) > 30
    np.testing.assert_allclose(camera.project(centre[None])[0], [[30, 20]], atol=1e-9)
    above, _ = camera.project((centre + 0.2 * orbit.up)[None])
    assert above[0, 1] < 20 and above[0, 0] == pytest.approx(30)
    assert np.linalg.det(camera.camera_to_scene[:, :3]) == pytest.approx(1)


def test_one_camera_turns_about_its_own_up():
    (camera, *_) = frontal_cameras()
    np.testing.assert_allclose(Orbit.of([camera], np.zeros(3)).up, -camera.camera_to_scene[:, 1])


def test_films_are_endless():
    around = angles(8)
    np.testing.assert_allclose(np.diff(around), np.pi / 4)
    swing = angles(100, arc=90.0)
    assert np.abs(swing).max() == pytest.approx(np.pi / 4, rel=0.01)
    assert abs(swing[0] - swing[-1]) < 1.1 * np.abs(np.diff(swing)).max()


def test_no_axis():
    up, down = looking_at_origin(np.array([2.0, 0, 0])), looking_at_origin(np.array([-2.0, 0, 0]))
    upside_down = down.camera_to_scene * [[-1, -1, 1, 1]]
    with pytest.raises(UserError, match="no axis"):
        Orbit.of([up, type(up)(up.intrinsics, upside_down, up.size)], np.zeros(3))
