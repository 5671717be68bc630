"""Image files that are broken or dangerous: one message each, that names the file; never another exception."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from idr_neus_plugins.data.files import list_images, read_pixels
from idr_neus_plugins.errors import UserError


def png(path: Path, width: int, height: int, *chunks: tuple[bytes, bytes]) -> None:
    """A grey PNG with this header and these chunks."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IEND", b"")]
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
            for kind, body in parts
        )
    )


def write_huge(path: Path) -> None:
    png(path, 20000, 20000)


def write_text_bomb(path: Path) -> None:
    png(path, 8, 8, (b"zTXt", b"note\0\0" + zlib.compress(b"a" * 2**26)), (b"IDAT", zlib.compress(b"\0" * 72)))


def write_cut(path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:3000])


def write_heic(path: Path) -> None:
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(range(256)))


BROKEN = {
    "huge": (write_huge, "too many pixels.*400000000"),
    "text bomb": (write_text_bomb, "cannot be read as an image.*Replace"),
    "cut": (write_cut, "cannot be read as an image.*Replace"),
    "heic": (write_heic, "HEIC: convert it to JPEG"),
    "empty": (lambda path: path.write_bytes(b""), "is empty.*Replace"),
    "no image": (lambda path: path.write_bytes(b"GIF8"), "cannot be read as an image.*Replace"),
    "pipe": (os.mkfifo, "a pipe"),
    "folder": (Path.mkdir, "is a folder"),
    "16 bits": (lambda path: Image.fromarray(np.zeros((64, 64), np.uint16)).save(path), "8-bit"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_files_are_named(kind, tmp_path):
    make, said = BROKEN[kind]
    path = tmp_path / "004.png"
    make(path)
    with pytest.raises(UserError, match=said) as error:
        read_pixels(path, "RGB", (64, 64), 1.0)
    assert "004.png" in str(error.value)


def test_litter_and_other_files_are_passed_over(tmp_path):
    for name in (".DS_Store", "._1.png", "Thumbs.db", "notes.txt", "10.png", "9.JPG", "8.tif", "²7.webp"):
        (tmp_path / name).touch()
    assert [path.name for path in list_images(tmp_path)] == ["8.tif", "9.JPG", "10.png", "²7.webp"]


@pytest.mark.parametrize("mode", ["CMYK", "RGBA", "LA", "P", "1"])
def test_tiffs_of_any_mode_give_colours(mode, tmp_path):
    Image.new("RGB", (6, 4), (255, 255, 255)).convert(mode).save(tmp_path / "a.tif")
    assert (read_pixels(tmp_path / "a.tif", "RGB", (4, 6), 1.0) > 250).all()
