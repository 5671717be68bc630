"""Photographs framed as the training images are: a square, the object in its middle and nearly as large as it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.errors import UserError

SPHERE_SHARE = 0.96
"""Diameter of the unit sphere in widths of a training image, at the middle of the cameras' distances."""
SILHOUETTE_SHARE = 0.69
"""Longer side of the silhouette in widths of a training image (the median of chairs and mugs)."""


@dataclass(frozen=True)
class Window:
    """A square of an image, pixels; it may reach beyond the image."""

    left: float
    top: float
    side: float

    @classmethod
    def around(cls, x: float, y: float, side: float) -> Window:
        return cls(x - side / 2, y - side / 2, side)


def around_sphere(camera: Camera) -> Window:
    """The window that shows the unit sphere as training images do.

    Raises UserError for a camera within the sphere or with its back to it.
    """
    (centre,), depth = camera.project(np.zeros((1, 3)))
    distance = float(np.linalg.norm(camera.centre))
    if distance <= 1.0 or not np.isfinite(depth).all():
        raise UserError(
            f"The camera stands {distance:.3g} scene units from the origin and must see the unit sphere around it from "
            "outside: the object lies in that sphere, with z upwards. Check the camera file, or leave --camera out."
        )
    focal = math.sqrt(camera.intrinsics[0, 0] * camera.intrinsics[1, 1])
    return Window.around(centre[0], centre[1], 2 * focal * math.tan(math.asin(1 / distance)) / SPHERE_SHARE)


def around_silhouette(image: UInt8[np.ndarray, "h w 4"]) -> Window:
    """The window for an image without a camera. Raises UserError where nothing is foreground."""
    rows, columns = np.nonzero(image[..., 3] > 127)
    if not len(rows):
        raise UserError("The mask is empty: nothing in the image is foreground.")
    low, high = np.array([columns.min(), rows.min()]), np.array([columns.max(), rows.max()]) + 1
    x, y = (low + high) / 2
    return Window.around(x, y, (high - low).max() / SILHOUETTE_SHARE)


def cut_out(image: UInt8[np.ndarray, "h w 4"], window: Window, size: int) -> UInt8[np.ndarray, "size size 4"]:
    """The window's content as ``size`` x ``size`` pixels; colours at borders are those of the foreground alone."""
    first = (math.floor(window.left), math.floor(window.top))
    last = (math.ceil(window.left + window.side), math.ceil(window.top + window.side))
    x, y = window.left - first[0], window.top - first[1]
    part = Image.fromarray(image).convert("RGBa").crop((*first, *last))
    box = (x, y, x + window.side, y + window.side)
    return np.asarray(part.resize((size, size), Image.Resampling.BILINEAR, box).convert("RGBA"))


def seen_through(camera: Camera, window: Window, size: int) -> Camera:
    """The camera of :func:`cut_out`'s picture."""
    scale = size / window.side
    to_window = np.array([[scale, 0, -scale * window.left], [0, scale, -scale * window.top], [0, 0, 1.0]])
    return Camera(to_window @ camera.intrinsics, camera.camera_to_scene, (size, size))
