"""The layout in which BlendedMVS is distributed."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

from idr_neus_plugins.data.formats.reading import read_posed_scene
from idr_neus_plugins.data.idr_dataparser import IdrDataParserConfig, read_views
from idr_neus_plugins.errors import UserError


@pytest.fixture
def folder(tiny_scene, tmp_path):
    """The sample scene as BlendedMVS lays scenes out, with masks."""
    for name in ("cams", "blended_images", "masks"):
        (tmp_path / name).mkdir()
    for number, view in enumerate(read_posed_scene(tiny_scene).views):
        picture = Image.open(view.image)
        for suffix in ("", "_masked"):
            picture.save(tmp_path / "blended_images" / f"{number:08d}{suffix}.jpg")
        shutil.copy(view.mask, tmp_path / "masks" / f"{number:08d}.png")
        lines = ["extrinsic", *map(_row, np.linalg.inv(view.camera_to_world)), "", "intrinsic"]
        matrix = view.intrinsics - 0.5 * np.array([[0, 0, 1], [0, 0, 1], [0, 0, 0]])
        lines += [*map(_row, matrix), "", "250.0 1.5 128 440.5", ""]
        (tmp_path / "cams" / f"{number:08d}_cam.txt").write_text("\n".join(lines))
    (tmp_path / "cams" / "pair.txt").write_text("10\n0\n1 1 2396.0\n")
    return tmp_path


def _row(values) -> str:
    return " ".join(f"{value:.9f}" for value in values)


def test_cameras_images_and_masks_are_read(folder, tiny_scene):
    found, expected = read_posed_scene(folder), read_posed_scene(tiny_scene)
    assert [view.image.name for view in found.views] == [f"{number:08d}.jpg" for number in range(10)]
    for a, b in zip(found.views, expected.views, strict=True):
        np.testing.assert_allclose(a.intrinsics, b.intrinsics, atol=1e-3)
        np.testing.assert_allclose(a.camera_to_world, b.camera_to_world, atol=1e-3)
        assert np.array_equal(np.array(Image.open(a.mask)), np.array(Image.open(b.mask)))


def test_training_reads_it(folder):
    outputs, _ = read_views(IdrDataParserConfig(data=folder))
    assert len(outputs.cameras) == len(outputs.metadata["foreground_filenames"]) == 10
    np.testing.assert_allclose(outputs.metadata["world_from_scene"][:3, 3], [35.2, -21.8, 610.4], atol=25.0)


def test_without_masks(folder):
    shutil.rmtree(folder / "masks")
    assert not read_posed_scene(folder).has_masks


def test_what_is_missing_or_malformed_is_named(folder):
    (folder / "masks" / "00000004.png").unlink()
    with pytest.raises(UserError, match="no mask for 00000004.jpg"):
        read_posed_scene(folder)
    (folder / "cams" / "00000003_cam.txt").write_text("extrinsic\n1 0 0")
    with pytest.raises(UserError, match="00000003_cam.txt is no camera file"):
        read_posed_scene(folder)
    (folder / "cams" / "00000002_cam.txt").unlink()
    with pytest.raises(UserError, match="00000002_cam.txt does not exist"):
        read_posed_scene(folder)
    for path in (folder / "blended_images").iterdir():
        path.unlink()
    with pytest.raises(UserError, match="no photographs"):
        read_posed_scene(folder)
