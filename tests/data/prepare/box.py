"""Photographs of a textured box with exactly known cameras, made by three homographies each."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from idr_neus_plugins.core.camera import look_at

SIZE = (240, 320)
MATRIX = np.array([[380.0, 0.0, 160.0], [0.0, 380.0, 120.0], [0.0, 0.0, 1.0]])
TEXTURE = 400
FACES = (((-1, -1, 1), (2, 0, 0), (0, 2, 0)), ((1, -1, -1), (0, 2, 0), (0, 0, 2)), ((-1, 1, -1), (2, 0, 0), (0, 0, 2)))
"""(corner, edge, edge) of the three faces that look along +z, +x and +y."""


def camera(number: int) -> np.ndarray:
    """Camera-to-world, OpenCV axes: two rows of six before the corner (1, 1, 1)."""
    angle, height = np.radians(20 + 10 * (number % 6)), 2.6 + 1.6 * (number // 6)
    place = np.array([5.0 * np.cos(angle), 5.0 * np.sin(angle), height])
    return look_at(place, target=np.zeros(3), up=np.array([0.0, 0.0, 1.0]))


def photograph(pose: np.ndarray) -> np.ndarray:
    """RGB picture with a white background."""
    generator, from_world = np.random.default_rng(3), np.linalg.inv(pose)[:3]
    picture = np.full((*SIZE, 3), 255, np.uint8)
    for corner, first, second in FACES:
        texture = _texture(generator)
        on_face = np.stack([[*first, 0], [*second, 0], [*corner, 1]], axis=1) / [TEXTURE, TEXTURE, 1.0]
        to_picture = _shift(-0.5) @ MATRIX @ from_world @ on_face @ _shift(0.5)
        seen = cv2.warpPerspective(texture, to_picture, SIZE[::-1], flags=cv2.INTER_AREA)
        covered = cv2.warpPerspective(np.full(texture.shape[:2], 255, np.uint8), to_picture, SIZE[::-1])
        picture = np.where(covered[..., None] > 127, seen, picture)
    return picture


def write_photographs(folder: Path, count: int = 12) -> Path:
    folder.mkdir(parents=True)
    for number in range(count):
        Image.fromarray(photograph(camera(number))).save(folder / f"IMG_{number:02d}.png")
    return folder


def _texture(generator: np.random.Generator) -> np.ndarray:
    layers = [generator.random((cells, cells, 3)).astype(np.float32) for cells in (8, 25, 60)]
    mixed = sum(cv2.resize(layer, (TEXTURE, TEXTURE), interpolation=cv2.INTER_CUBIC) for layer in layers)
    return np.clip((mixed - 0.5) * 110, 10, 235).astype(np.uint8)


def _shift(pixels: float) -> np.ndarray:
    return np.array([[1.0, 0.0, pixels], [0.0, 1.0, pixels], [0.0, 0.0, 1.0]])
