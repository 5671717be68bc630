import numpy as np
import pytest
import trimesh
from PIL import Image

from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.meshing.side_by_side import CAPTION, grid_picture, shaded

SIZE = 40


@pytest.fixture
def camera() -> Camera:
    """On the z axis at -3, looking at the origin; a sphere of radius 1 fills a third of the picture's width."""
    pose = np.hstack([np.eye(3), [[0.0], [0.0], [-3.0]]])
    return Camera(np.array([[20.0, 0, 20.0], [0, 20.0, 20.0], [0, 0, 1]]), pose, (SIZE, SIZE))


@pytest.fixture
def ball(tmp_path):
    path = tmp_path / "ball.ply"
    trimesh.creation.icosphere(subdivisions=3).export(path)
    return path


def test_a_shaded_mesh_is_clay_on_white_brighter_towards_the_light(camera, ball):
    picture = shaded(ball, camera)
    assert (picture[0] == 255).all() and (picture[-1] == 255).all()
    clay = (picture[..., 0] < 250).mean()
    expected = np.pi * (20.0 / np.sqrt(8.0)) ** 2 / SIZE**2
    assert clay == pytest.approx(expected, rel=0.1)
    assert picture[17, 17, 0] > picture[24, 24, 0] + 10


def test_the_grid_has_a_captioned_column_for_each_method_and_one_for_the_photograph(camera, ball, tmp_path):
    photo = np.full((SIZE, SIZE, 3), 90, np.uint8)
    panels = np.concatenate([np.full_like(photo, value) for value in (10, 120, 200, 30)], axis=1)
    Image.fromarray(panels).save(tmp_path / "view.png")
    methods = {name: ball for name in ("first", "second")}
    picture = grid_picture(camera, photo, methods, {name: tmp_path / "view.png" for name in methods}, exact=ball)
    assert picture.shape == (CAPTION + 2 * SIZE, 3 * SIZE, 3)
    shown = picture[CAPTION + SIZE + SIZE // 2, [SIZE // 2, SIZE + SIZE // 2, 2 * SIZE + SIZE // 2]]
    np.testing.assert_array_equal(shown[:, 0], [90, 120, 120])
    captions = picture[:CAPTION].reshape(CAPTION, 3, SIZE, 3)
    assert all((captions[:, column] < 128).any() for column in range(3))
