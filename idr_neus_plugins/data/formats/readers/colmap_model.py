"""COLMAP's cameras and images, binary or text, read strictly.

pycolmap is not used for it: it takes a cut file for a whole one, or ends the process.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.data.formats.readers.checks import LEAST_ROTATION
from idr_neus_plugins.data.formats.readers.lenses import COLMAP_LENSES, Lens, colmap_lens, undistort_first
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reading import number, read_bytes, read_text

NAMES = {code: name for name, (code, _) in COLMAP_LENSES.items()}
LONGEST_NAME = 4096


@dataclass(frozen=True)
class ModelCamera:
    lens: Lens
    size: tuple[int, int]
    """(height, width)."""


@dataclass(frozen=True)
class ModelImage:
    identifier: int
    name: str
    camera_to_world: Float[np.ndarray, "4 4"]
    camera: int
    """Key of its camera."""


def is_model(folder: Path) -> bool:
    return any(all((folder / f"{name}{suffix}").is_file() for name in ("cameras", "images")) for suffix in SUFFIXES)


SUFFIXES = (".bin", ".txt")


def read_cameras(folder: Path) -> dict[int, ModelCamera]:
    """Raises UserError for a file that is damaged, or has lenses that cannot be trained with."""
    binary = folder / "cameras.bin"
    rows = _binary_cameras(binary) if binary.is_file() else _text_cameras(folder / "cameras.txt")
    cameras = {}
    for key, name, width, height, parameters in rows:
        if not (0 < width < 2**20 and 0 < height < 2**20):
            raise UserError(f"{folder}: camera {key} is for {width}x{height} pixels. The model is damaged.")
        cameras[key] = ModelCamera(colmap_lens(name, parameters, str(folder)), (height, width))
    return cameras


def read_images(folder: Path) -> list[ModelImage]:
    """In the order of their numbers. Raises UserError for a damaged file, and for a rotation that is none."""
    binary = folder / "images.bin"
    rows = _binary_images(binary) if binary.is_file() else _text_images(folder / "images.txt")
    images = [
        ModelImage(key, name, _pose(values, f"{folder}: the camera of {name}"), camera)
        for key, values, camera, name in rows
    ]
    return sorted(images, key=lambda image: image.identifier)


def _pose(values: tuple[float, ...], where: str) -> Float[np.ndarray, "4 4"]:
    """Camera to world of (quaternion w, x, y, z; translation), which lead from the world to the camera."""
    from scipy.spatial.transform import Rotation

    if not np.isfinite(values).all():
        raise UserError(f"{where} holds NaN or infinite numbers: it was not estimated. Remove the view.")
    length = float(np.linalg.norm(values[:4]))
    if abs(length - 1) > LEAST_ROTATION:
        raise UserError(
            f"{where} has no rotation: its quaternion has the length {length:.4g}; 1 is expected. Export the model "
            "again, or remove the view."
        )
    rotation = Rotation.from_quat(np.roll(values[:4], -1)).as_matrix()
    pose = np.eye(4)
    pose[:3, :3] = rotation.T
    pose[:3, 3] = -rotation.T @ values[4:]
    return pose


class _Bytes:
    """Values of a binary file one after the other."""

    def __init__(self, path: Path):
        self.path, self.content, self.place = path, read_bytes(path), 0

    def take(self, form: str) -> tuple:
        try:
            values = struct.unpack_from(f"<{form}", self.content, self.place)
        except struct.error:
            raise self.damaged() from None
        self.place += struct.calcsize(f"<{form}")
        return values

    def name(self) -> str:
        end = self.content.find(b"\0", self.place, self.place + LONGEST_NAME)
        if end < 0:
            raise self.damaged()
        raw, self.place = self.content[self.place : end], end + 1
        return raw.decode("utf-8", errors="surrogateescape")

    def skip(self, size: int) -> None:
        self.place += size
        if self.place > len(self.content):
            raise self.damaged()

    def damaged(self) -> UserError:
        return UserError(f"{self.path} is cut short or damaged (at byte {self.place}). Copy or export it again.")


def _binary_cameras(path: Path) -> Iterator[tuple[int, str, int, int, tuple[float, ...]]]:
    file = _Bytes(path)
    (count,) = file.take("Q")
    for _ in range(count):
        key, code, width, height = file.take("iiQQ")
        if code not in NAMES:
            raise UserError(undistort_first(f"number {code}, newer than this package", str(path.parent)))
        yield key, NAMES[code], width, height, file.take(f"{len(COLMAP_LENSES[NAMES[code]][1].split())}d")


def _binary_images(path: Path) -> Iterator[tuple[int, tuple[float, ...], int, str]]:
    file = _Bytes(path)
    (count,) = file.take("Q")
    for _ in range(count):
        (key,), values, (camera,) = file.take("i"), file.take("7d"), file.take("i")
        name = file.name()
        (points,) = file.take("Q")
        file.skip(24 * points)
        yield key, values, camera, name


def _text_cameras(path: Path) -> Iterator[tuple[int, str, int, int, tuple[float, ...]]]:
    for place, line in _lines(path):
        words = line.split()
        if len(words) > 1 and words[1] not in COLMAP_LENSES:
            raise UserError(undistort_first(words[1], str(path.parent)))
        if len(words) < 4 or len(words) != 4 + len(COLMAP_LENSES[words[1]][1].split()):
            raise UserError(f"{path}, line {place}: a camera is CAMERA_ID MODEL WIDTH HEIGHT and its parameters.")
        key, width, height = (int(number(word, f"{path}, line {place}")) for word in (words[0], *words[2:4]))
        yield key, words[1], width, height, tuple(number(word, f"{path}, line {place}") for word in words[4:])


def _text_images(path: Path) -> Iterator[tuple[int, tuple[float, ...], int, str]]:
    """Two lines per image; the second one, with its points, may be missing, as some programs write it."""
    for place, line in _lines(path):
        words = line.split(maxsplit=9)
        if _is_points(line):
            continue
        if len(words) < 10:
            raise UserError(
                f"{path}, line {place} is {line[:40]!r}. An image is IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME, and "
                "its second line lists its points as triples of numbers."
            )
        key, camera = (int(number(words[column], f"{path}, line {place}")) for column in (0, 8))
        yield key, tuple(_value(word, f"{path}, line {place}") for word in words[1:8]), camera, words[9].strip()


def _value(word: str, where: str) -> float:
    """A number that may be NaN: the image's name makes a better message of it."""
    return np.nan if word.lower().lstrip("+-") in ("nan", "inf") else number(word, where)


def _is_points(line: str) -> bool:
    words = line.split()
    if len(words) % 3:
        return False
    try:
        return all(float(word) is not None for word in words)
    except ValueError:
        return False


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    for place, line in enumerate(read_text(path).splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield place, line
