"""``idr-neus convert``: corrections on the way, and what it says."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from idr_neus_plugins.cli.convert import Convert
from idr_neus_plugins.data.formats.reading import read_posed_scene
from idr_neus_plugins.data.formats.undistort import undistort
from idr_neus_plugins.data.formats.writing import write_posed_scene
from idr_neus_plugins.errors import UserError


@pytest.fixture(scope="module")
def original(tiny_scene):
    return read_posed_scene(tiny_scene)


def convert(source, tmp_path, **options):
    Convert(source, tmp_path / "new", **options).main()
    return read_posed_scene(tmp_path / "new")


def test_principal_points_are_shifted(tiny_scene, original, tmp_path):
    found = convert(tiny_scene, tmp_path, shift_pixels=(0.5, -0.25))
    moved = found.views[3].intrinsics - original.views[3].intrinsics
    np.testing.assert_allclose(moved[:2, 2], [0.5, -0.25], atol=1e-5)


def test_axes_and_inverse_poses_are_put_right_by_doing_it_twice(tiny_scene, original, tmp_path):
    Convert(tiny_scene, tmp_path / "wrong", to="transforms", flip_axes=True, invert_poses=True).main()
    wrong = read_posed_scene(tmp_path / "wrong").views[2].camera_to_world
    assert np.abs(wrong - original.views[2].camera_to_world).max() > 0.5
    # The first command inverts and flips; the way back is flip, then invert.
    Convert(tmp_path / "wrong", tmp_path / "flipped", to="transforms", flip_axes=True).main()
    found = convert(tmp_path / "flipped", tmp_path, to="transforms", invert_poses=True)
    np.testing.assert_allclose(found.views[2].camera_to_world, original.views[2].camera_to_world, atol=2e-3)


def test_masks_are_inverted_or_dropped(tiny_scene, original, tmp_path):
    found = convert(tiny_scene, tmp_path, invert_masks=True)
    before, after = (np.array(Image.open(scene.views[4].mask)).astype(int) for scene in (original, found))
    assert np.array_equal(after, 255 - before)
    shutil.rmtree(tmp_path / "new")
    assert not convert(tiny_scene, tmp_path, drop_masks=True).has_masks


def test_views_are_left_out_with_their_cameras(tiny_scene, original, tmp_path):
    found = convert(tiny_scene, tmp_path, drop_views=(0, 4))
    kept = [0, 3]
    for number, before in zip(kept, (1, 5), strict=True):
        np.testing.assert_allclose(
            found.views[number].camera_to_world, original.views[before].camera_to_world, atol=1e-6
        )
        assert found.views[number].image.read_bytes() == original.views[before].image.read_bytes()
    assert len(found.views) == 8
    with pytest.raises(UserError, match="0 to 9"):
        Convert(tiny_scene, tmp_path / "other", drop_views=(10,)).main()


def test_region_is_replaced_and_told_where_the_format_has_none(tiny_scene, tmp_path, capsys):
    found = convert(tiny_scene, tmp_path, region=(1.0, 2.0, 3.0, 200.0))
    np.testing.assert_allclose(found.world_from_scene[:3, 3], [1, 2, 3])
    Convert(tiny_scene, tmp_path / "colmap", to="colmap").main()
    assert "--region 35.2 -21.8 610.4 137.5" in capsys.readouterr().out


def test_other_image_formats_become_png(tiny_scene, tmp_path):
    Convert(tiny_scene, tmp_path / "first", to="transforms").main()
    for path in (tmp_path / "first" / "images").iterdir():
        Image.open(path).save(path.with_suffix(".webp"), lossless=True)
        path.unlink()
    meta = (tmp_path / "first" / "transforms.json").read_text()
    (tmp_path / "first" / "transforms.json").write_text(
        meta.replace('.png",\n      "transform', '.webp",\n      "transform')
    )
    found = convert(tmp_path / "first", tmp_path)
    assert all(view.image.suffix == ".png" for view in found.views)


def test_nothing_to_invert_or_read(tiny_scene, tmp_path):
    bare = replace(read_posed_scene(tiny_scene), world_from_scene=None)
    write_posed_scene(replace(bare, views=tuple(replace(v, mask=None) for v in bare.views)), tmp_path / "bare", "idr")
    with pytest.raises(UserError, match="no mask files"):
        Convert(tmp_path / "bare", tmp_path / "new", invert_masks=True).main()
    with pytest.raises(UserError, match="does not exist"):
        Convert(tmp_path / "nowhere", tmp_path / "new").main()


def test_undistorted_pixels_are_where_a_pinhole_sees_them(original, tmp_path):
    """A picture whose colours are its own undistorted coordinates shows, after undistortion, those of the pinhole."""
    lens, size = (-0.12, 0.03, 0.0, 0.0, 1e-3, -2e-3), (120, 160)
    matrix = np.array([[150.0, 0, 82.0], [0, 148.0, 59.0], [0, 0, 1]])
    picture = _coordinates_seen(matrix, lens, size)
    Image.fromarray(picture).save(tmp_path / "bent.png")
    view = replace(
        original.views[0], image=tmp_path / "bent.png", mask=None, size=size, intrinsics=matrix, distortion=lens
    )
    (straight,) = undistort(replace(original, views=(view,)), tmp_path).views
    assert straight.is_pinhole
    expected = _coordinates_seen(straight.intrinsics, (0.0,) * 6, size).astype(float)
    found = np.array(Image.open(straight.image)).astype(float)
    assert np.abs(found - expected)[..., :2].max() < 1.5


def _coordinates_seen(matrix, lens, size) -> np.ndarray:
    """Red and green are x / z and y / z of each pixel's ray, found by fixed-point iteration of the lens polynomial."""
    k1, k2, _, _, p1, p2 = lens
    rows, columns = np.mgrid[: size[0], : size[1]] + 0.5
    bent_x, bent_y = (columns - matrix[0, 2]) / matrix[0, 0], (rows - matrix[1, 2]) / matrix[1, 1]
    x, y = bent_x.copy(), bent_y.copy()
    for _ in range(50):
        square = x * x + y * y
        radial = 1 + k1 * square + k2 * square**2
        x, y = (
            (bent_x - 2 * p1 * x * y - p2 * (square + 2 * x * x)) / radial,
            (bent_y - p1 * (square + 2 * y * y) - 2 * p2 * x * y) / radial,
        )
    colors = 128 + 150 * np.stack([x, y, np.zeros_like(x)], -1)
    return np.clip(np.round(colors), 0, 255).astype(np.uint8)
