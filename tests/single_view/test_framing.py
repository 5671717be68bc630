"""A framed photograph and its camera still belong together."""

from __future__ import annotations

import numpy as np
import pytest

from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.data.projection import world_mat
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.rendering import MeshRenderer
from idr_neus_plugins.single_view.reconstruction.framing import (
    SILHOUETTE_SHARE,
    Window,
    around_silhouette,
    around_sphere,
    cut_out,
    seen_through,
)
from idr_neus_plugins.single_view.reconstruction.inputs import read_camera
from idr_neus_plugins.single_view.shapes.photographs import orbit_camera, photograph
from tests.single_view.test_shapes import made


def far_away() -> Camera:
    """Another lens, another format, the object aside."""
    camera = orbit_camera(0.7, 0.3, 4.0, 200)
    intrinsics = np.array([[330.0, 0.0, 190.0], [0.0, 330.0, 70.0], [0.0, 0.0, 1.0]])
    return Camera(intrinsics, camera.camera_to_scene, (180, 320))


def test_what_is_cut_out_is_what_its_camera_sees():
    renderer, camera = MeshRenderer(made("mug").look), far_away()
    window = around_sphere(camera)
    cut = cut_out(photograph(renderer, camera), window, 64)
    seen = photograph(renderer, seen_through(camera, window, 64))
    assert np.abs(cut[..., 3].astype(int) - seen[..., 3]).mean() < 3
    solid = (cut[..., 3] == 255) & (seen[..., 3] == 255)
    assert solid.mean() > 0.1 and np.abs(cut[solid].astype(int) - seen[solid]).mean() < 8


def test_the_window_reaches_beyond_the_image_where_the_object_does():
    image = np.zeros((40, 60, 4), np.uint8)
    image[:20, :30] = 255
    window = around_silhouette(image)
    assert window.side == pytest.approx(30 / SILHOUETTE_SHARE) and window.top < 0
    cut = cut_out(image, window, 90)
    rows, columns = np.nonzero(cut[..., 3] > 127)
    assert np.ptp(columns) + 1 == pytest.approx(90 * SILHOUETTE_SHARE, abs=2)
    assert abs(rows.mean() - 44.5) < 1 and abs(columns.mean() - 44.5) < 1


def test_colours_at_the_border_are_those_of_the_foreground():
    image = np.zeros((32, 32, 4), np.uint8)
    image[8:24, 8:24] = [200, 100, 50, 255]
    cut = cut_out(image, Window(0.0, 0.0, 32.0), 13)
    seen = cut[..., 3] > 20
    assert np.abs(cut[seen][:, :3].astype(int) - [200, 100, 50]).max() <= 6


def test_a_camera_within_the_object_is_refused():
    camera = orbit_camera(0.0, 0.1, 0.8, 64)
    with pytest.raises(UserError, match="outside"):
        around_sphere(camera)


def test_cameras_are_read_from_either_layout(tmp_path):
    camera = far_away()
    world = np.array([[0, -50.0, 0, 9], [50, 0, 0, 2], [0, 0, 50, 3], [0, 0, 0, 1]])
    given = world_mat(camera.intrinsics, np.vstack([camera.camera_to_scene, [0, 0, 0, 1]]), world)
    np.savez(tmp_path / "idr.npz", world_mat_3=given, scale_mat_0=world)
    pose = np.stack([np.eye(3, 4), camera.camera_to_scene])
    np.savez(tmp_path / "set.npz", intrinsics=np.stack([np.eye(3), camera.intrinsics]), camera_to_scene=pose)
    for name, view, frame in (("idr.npz", 3, world), ("set.npz", 1, np.eye(4))):
        read, world_from_scene = read_camera(tmp_path / name, view, camera.size)
        np.testing.assert_allclose(read.intrinsics, camera.intrinsics, atol=1e-6)
        np.testing.assert_allclose(read.camera_to_scene, camera.camera_to_scene, atol=1e-6)
        np.testing.assert_allclose(world_from_scene, frame)
    with pytest.raises(UserError, match="view 7"):
        read_camera(tmp_path / "set.npz", 7, camera.size)
