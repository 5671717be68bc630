import numpy as np
import pytest

from idr_neus_plugins.meshing.texture.lookup import at_uv, bilinear


def picture(dtype: type) -> np.ndarray:
    image = np.zeros((3, 4, 3), dtype)
    image[..., 0] = np.arange(4) * 60
    image[..., 1] = np.arange(3)[:, None] * 100
    return image


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_bilinear_is_exact_at_centres_linear_between_and_goes_on_beyond_the_border(dtype):
    pixels = np.array([[0.5, 0.5], [2.5, 1.5], [2.0, 2.0], [-1.0, 0.5], [9.0, 9.0]])
    values = bilinear(picture(dtype), pixels)
    np.testing.assert_allclose(values, [[0, 0, 0], [120, 100, 0], [90, 150, 0], [0, 0, 0], [180, 200, 0]], atol=1e-4)
    assert values.dtype == np.float32


def test_texture_coordinates_count_from_the_lower_left_corner():
    corners = at_uv(picture(np.uint8), np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]))
    np.testing.assert_allclose(corners[:, :2], [[0, 200], [180, 200], [0, 0], [90, 100]], atol=1e-4)
