"""Masks that say the opposite, or nothing, are found out; true masks pass."""

from __future__ import annotations

import pytest
from PIL import Image, ImageOps

from idr_neus_plugins.cli.convert import Convert
from idr_neus_plugins.data.idr_dataparser import IdrDataParserConfig, read_views
from idr_neus_plugins.errors import UserError
from tests.data.scenes import copy_scene


def change_masks(folder, change) -> None:
    for path in (folder / "mask").iterdir():
        change(Image.open(path).convert("L")).save(path)


def read(folder):
    return read_views(IdrDataParserConfig(data=folder))[0]


def test_inverted_masks_are_refused(tiny_scene, tmp_path):
    folder = copy_scene(tiny_scene, tmp_path)
    change_masks(folder, ImageOps.invert)
    with pytest.raises(UserError, match="inverted.*--invert-masks"):
        read(folder)
    Convert(folder, tmp_path / "new", invert_masks=True).main()
    assert "foreground_filenames" in read(tmp_path / "new").metadata


def test_masks_that_are_all_foreground_are_left_out(tiny_scene, tmp_path, capsys):
    folder = copy_scene(tiny_scene, tmp_path)
    change_masks(folder, lambda mask: Image.new("L", mask.size, 255))
    assert "foreground_filenames" not in read(folder).metadata
    assert "left out" in capsys.readouterr().out


def test_masks_without_foreground_are_refused(tiny_scene, tmp_path):
    folder = copy_scene(tiny_scene, tmp_path)
    change_masks(folder, lambda mask: Image.new("L", mask.size))
    with pytest.raises(UserError, match="entirely background"):
        read(folder)


@pytest.mark.parametrize("scan", ["scan65", "scan24"])
def test_masks_of_dtu_pass_and_inverted_ones_do_not(shared_data, tmp_path, scan):
    """scan24 is cut by the border of every image, where its masks are foreground."""
    scene = shared_data / "dtu" / scan
    assert len(read(scene).metadata["foreground_filenames"]) == 49
    (tmp_path / "image").symlink_to(scene / "image")
    (tmp_path / "cameras_sphere.npz").symlink_to(scene / "cameras_sphere.npz")
    (tmp_path / "mask").mkdir()
    for path in (scene / "mask").iterdir():
        ImageOps.invert(Image.open(path).convert("L")).save(tmp_path / "mask" / path.name, compress_level=1)
    with pytest.raises(UserError, match="inverted"):
        read(tmp_path)
