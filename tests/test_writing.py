"""Files that are written whole or not at all."""

from __future__ import annotations

import io
import os
import subprocess

import numpy as np
import pytest
from PIL import Image

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.writing import encode_png, replace_file, whole_folder, write_png


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize(("channels", "mode"), [((), "L"), ((3,), "RGB"), ((4,), "RGBA")])
def test_pixels_come_back_from_a_png_as_they_were(tmp_path, channels, mode):
    picture = noise(5, 7, *channels)
    write_png(picture, tmp_path / "new" / "picture.png")
    for source in (tmp_path / "new" / "picture.png", io.BytesIO(encode_png(picture))):
        with Image.open(source) as image:
            assert (image.format, image.mode, image.size) == ("PNG", mode, (7, 5))
            np.testing.assert_array_equal(np.asarray(image), picture)


def test_an_interrupted_write_leaves_the_old_file_alone(tmp_path, monkeypatch):
    path = tmp_path / "picture.png"
    write_png(noise(4, 4), path)
    before = path.read_bytes()

    def fail(partial, target):
        assert partial.read_bytes() == encode_png(noise(6, 6))
        raise OSError("interrupted")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="interrupted"):
        write_png(noise(6, 6), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_appears_complete_or_not_at_all(tmp_path):
    folder = tmp_path / "new"
    with pytest.raises(KeyError), whole_folder(folder) as partial:
        (partial / "half").touch()
        assert not folder.exists()
        raise KeyError
    assert not list(tmp_path.iterdir())
    with whole_folder(folder) as partial:
        replace_file(partial / "deep" / "file", b"content")
    assert (folder / "deep" / "file").read_bytes() == b"content" and list(tmp_path.iterdir()) == [folder]


def test_a_folder_that_holds_anything_is_not_overwritten(tmp_path):
    (tmp_path / "mine").touch()
    with pytest.raises(UserError, match="not empty"), whole_folder(tmp_path):
        pass


@pytest.fixture
def small_disk(tmp_path):
    """A real disk of 64 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no right to mount a disk here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_told(small_disk):
    replace_file(small_disk / "file", b"old")
    with pytest.raises(UserError, match=r"The disk is full: .*/file was not written. 0.00 GB are free in"):
        replace_file(small_disk / "file", bytes(2**17))
    with pytest.raises(UserError, match="The disk is full: .*/new was not written"):
        with whole_folder(small_disk / "new") as partial:
            (partial / "large").write_bytes(bytes(2**17))
    assert [path.name for path in small_disk.iterdir()] == ["file"] and (small_disk / "file").read_bytes() == b"old"


def test_a_disk_that_cannot_be_written_is_told(small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(UserError, match="/deep cannot be written .Read-only file system.. Write to a folder"):
        replace_file(small_disk / "deep" / "file", b"content")
    with pytest.raises(UserError, match="/new cannot be written .Read-only"), whole_folder(small_disk / "new"):
        pass


def test_what_is_in_the_way_is_told(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for place in (tmp_path / "file" / "new", tmp_path / "folder", tmp_path / ("long" * 100)):
        with pytest.raises(UserError, match="cannot be written"):
            replace_file(place, b"content")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
