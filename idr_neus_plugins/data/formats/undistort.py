"""Photographs as a lens without distortion would have taken them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from idr_neus_plugins.data.files import has_alpha, read_pixels
from idr_neus_plugins.data.foreground import read_foreground
from idr_neus_plugins.data.formats.scene import NO_DISTORTION, PosedScene, View
from idr_neus_plugins.data.lens import unproject
from idr_neus_plugins.data.projection import HALF_PIXEL
from idr_neus_plugins.errors import UserError

WIDEST = 65.0
"""Degrees from the optical axis; a pinhole picture stretches what is farther aside."""
PIXEL_CENTRES = HALF_PIXEL * np.array([[0.0, 0.0, 1.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
"""OpenCV counts pixel centres from zero."""


def undistort(scene: PosedScene, folder: Path) -> PosedScene:
    """The scene with pinhole cameras. Distorted images and masks are resampled into ``folder``, as PNG.

    The new focal length is the smallest that leaves no empty pixels. Views without distortion stay as they are.
    """
    return replace(scene, views=tuple(_undistort_view(view, folder, i) for i, view in enumerate(scene.views)))


def _undistort_view(view: View, folder: Path, number: int) -> View:
    import cv2

    if view.is_pinhole:
        return view
    pinhole, columns, rows = _fisheye_places(view) if view.is_fisheye else _places(view)
    image = folder / "undistorted" / f"{number:06d}.png"
    mode = "RGBA" if has_alpha(view.image) else "RGB"
    _write(image, cv2.remap(read_pixels(view.image, mode, view.size, 1.0), columns, rows, cv2.INTER_LINEAR))
    mask = None
    if view.mask is not None:
        mask = folder / "undistorted" / f"{number:06d}_mask.png"
        _write(mask, cv2.remap(read_foreground(view.image, view.mask, view.size), columns, rows, cv2.INTER_LINEAR))
    intrinsics = np.asarray(pinhole, dtype=np.float64) + PIXEL_CENTRES
    return replace(view, image=image, mask=mask, intrinsics=intrinsics, distortion=NO_DISTORTION, is_fisheye=False)


def _places(view: View) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(K without lens, x and y of where each of its pixels is photographed)."""
    import cv2

    matrix, lens, (height, width) = view.intrinsics - PIXEL_CENTRES, _opencv_lens(view), view.size
    pinhole, _ = cv2.getOptimalNewCameraMatrix(matrix, lens, (width, height), alpha=0)
    return pinhole, *cv2.initUndistortRectifyMap(matrix, lens, np.eye(3), pinhole, (width, height), cv2.CV_32FC1)


def _fisheye_places(view: View) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same for a fisheye: what the pinhole sees across is the fisheye's, up to ``WIDEST`` to either side."""
    import cv2

    matrix, lens, (height, width) = view.intrinsics - PIXEL_CENTRES, np.array(view.distortion[:4]), view.size
    sides = view.intrinsics[:2, 2] + np.array([[-width / 2, 0.0], [0.0, -height / 2]])
    angles = np.arccos(unproject(view, sides)[:, 2].clip(-1, 1)).clip(max=np.radians(WIDEST))
    pinhole = matrix.copy()
    pinhole[[0, 1], [0, 1]] = (np.array([width, height]) / 2 / np.tan(angles)).max()
    return pinhole, *cv2.fisheye.initUndistortRectifyMap(
        matrix, lens, np.eye(3), pinhole, (width, height), cv2.CV_32FC1
    )


def _opencv_lens(view: View) -> Float[np.ndarray, " 5"]:
    k1, k2, k3, k4, p1, p2 = view.distortion
    if k4:
        raise UserError(f"The camera of {view.image} has k4, which OpenCV's polynomial lacks.")
    return np.array([k1, k2, p1, p2, k3])


def _write(path: Path, pixels: UInt8[np.ndarray, "h w *channels"]) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
