"""Foreground masks: reading them, and finding out whether they say what they should."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from idr_neus_plugins.data.files import read_pixels
from idr_neus_plugins.errors import UserError

VIEWS_LOOKED_AT = 12
PIXELS_ACROSS = 100.0


def read_foreground(
    image: Path, mask: Path | None, size: tuple[int, int], shrink: float = 1.0
) -> UInt8[np.ndarray, "h w"]:
    """Foreground of a view, 0 to 255 (soft where shrunk): from its mask file or, without one, the image's alpha."""
    if mask is not None:
        return read_pixels(mask, "L", size, shrink)
    return read_pixels(image, "RGBA", size, shrink)[..., 3]


def masks_are_useful(
    images: list[Path],
    masks: list[Path] | None,
    sizes: list[tuple[int, int]],
    intrinsics: Float[np.ndarray, "views 3 3"],
    camera_to_scene: Float[np.ndarray, "views _ 4"],
) -> bool:
    """Looks at a dozen views. False where all is foreground (placeholders of data sets without masks).

    The foreground lies in the region of interest, so rays that miss the unit sphere must be background; where no ray
    misses it, the border of the images must not hold more foreground than their whole.
    Raises UserError for masks without any foreground, with values 0/1 instead of 0/255, or inverted.
    """
    foreground, impact, border = [], [], []
    for view in np.unique(np.linspace(0, len(images) - 1, VIEWS_LOOKED_AT).astype(int)):
        small, shrink = reduced_size(sizes[view], PIXELS_ACROSS)
        mask = masks[view] if masks else None
        foreground.append(read_foreground(images[view], mask, small, shrink).ravel())
        impact.append(_impact(intrinsics[view], camera_to_scene[view], small, shrink).ravel())
        border.append(_border(small).ravel())
    where = masks[0].parent if masks else images[0].parent
    return _judge(np.concatenate(foreground) / 255.0, np.concatenate(impact), np.concatenate(border), where)


def _judge(
    foreground: Float[np.ndarray, " pixels"], impact: Float[np.ndarray, " pixels"], border: np.ndarray, where: Path
) -> bool:
    if foreground.max() <= 1.5 / 255:
        hint = "are entirely background" if foreground.max() == 0 else "hold values 0 and 1; 0 and 255 are expected"
        raise UserError(f"The masks in {where} {hint}.")
    if foreground.mean() > 0.9995:
        return False
    outside = foreground[impact > 1.05]
    if len(outside) > 0.005 * len(foreground):
        inverted = outside.mean() > 0.5
    else:
        inverted = foreground[border].mean() > max(0.5, foreground.mean())
    if inverted:
        raise UserError(
            f"The masks in {where} mark what lies outside the region of interest. They seem inverted: the object must "
            "be white (255). If they are right, scale_mat is not: it must take the unit sphere around the object."
        )
    return True


def _impact(
    intrinsics: Float[np.ndarray, "3 3"], camera_to_scene: Float[np.ndarray, "_ 4"], size: tuple[int, int], step: float
) -> Float[np.ndarray, "h w"]:
    """Smallest distance from the scene's origin to each pixel's ray, scene units."""
    directions = ray_directions(intrinsics, size, step) @ camera_to_scene[:3, :3].T
    centre = camera_to_scene[:3, 3]
    ahead = np.maximum(-(directions @ centre), 0.0)
    return np.linalg.norm(centre + ahead[..., None] * directions, axis=-1)


def reduced_size(size: tuple[int, int], across: float) -> tuple[tuple[int, int], float]:
    """((height, width), pixels per reduced pixel) with about ``across`` pixels along the longer side."""
    shrink = max(1.0, max(size) / across)
    return (int(size[0] / shrink), int(size[1] / shrink)), shrink


def ray_directions(
    intrinsics: Float[np.ndarray, "3 3"], size: tuple[int, int], step: float
) -> Float[np.ndarray, "h w 3"]:
    """Unit directions, in the camera's frame, through pixels of ``step`` x ``step`` pixels."""
    y, x = (np.mgrid[: size[0], : size[1]] + 0.5) * step
    directions = np.stack([x, y, np.ones_like(x)], -1) @ np.linalg.inv(intrinsics).T
    return directions / np.linalg.norm(directions, axis=-1, keepdims=True)


def _border(size: tuple[int, int]) -> np.ndarray:
    border = np.ones(size, dtype=bool)
    border[3:-3, 3:-3] = False
    return border
