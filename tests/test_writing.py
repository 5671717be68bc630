"""Files that are written whole or not at all."""

from __future__ import annotations

import io
import os

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
