"""Whether a scene has masks, and whether they say what they should."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from idr_neus_plugins.data.files import has_alpha, image_size, read_pixels
from idr_neus_plugins.data.foreground import read_foreground
from idr_neus_plugins.data.formats.scene import PosedScene, View, camera_in_scene
from idr_neus_plugins.data.lens import ray_directions
from idr_neus_plugins.errors import UserError

VIEWS_LOOKED_AT = 12
PIXELS_ACROSS = 100.0


def alpha_holds_masks(images: Sequence[Path]) -> bool:
    """Whether the photographs' transparency is their masks. Raises UserError where only some photographs have it."""
    without = [image for image in images if not has_alpha(image)]
    if not without:
        return True
    transparent = [image for image in images if image not in set(without) and _is_transparent(image)]
    if not transparent:
        return False
    raise UserError(
        f"{without[0]} has no transparency (alpha channel), as {len(without)} of {len(images)} photographs, but "
        f"{transparent[0].name} is transparent where there is no object. Save all of them with it, all without, or put "
        "masks of all into a folder masks/ beside the photographs'."
    )


def _is_transparent(image: Path) -> bool:
    return bool((read_pixels(image, "RGBA", image_size(image), 1.0)[..., 3] < 255).any())


def masks_are_useful(scene: PosedScene, world_from_scene: Float[np.ndarray, "4 4"]) -> bool:
    """Looks at a dozen views. False where all is foreground (placeholders of data sets without masks).

    The foreground lies in the region of interest, so rays that miss the unit sphere must be background; where no ray
    misses it, the border of the images must not hold more foreground than their whole.
    Raises UserError for masks without any foreground, or inverted.
    """
    foreground, impact, border = [], [], []
    for number in np.unique(np.linspace(0, len(scene.views) - 1, VIEWS_LOOKED_AT).astype(int)):
        view = scene.views[number]
        small, shrink = reduced_size(view.size, PIXELS_ACROSS)
        foreground.append(read_foreground(view.image, view.mask, small, shrink).ravel())
        impact.append(_impact(view, camera_in_scene(view.camera_to_world, world_from_scene), small, shrink).ravel())
        border.append(_border(small).ravel())
    first = scene.views[0]
    where = (first.mask or first.image).parent
    return _judge(np.concatenate(foreground) / 255.0, np.concatenate(impact), np.concatenate(border), where)


def _judge(
    foreground: Float[np.ndarray, " pixels"],
    impact: Float[np.ndarray, " pixels"],
    border: Bool[np.ndarray, " pixels"],
    where: Path,
) -> bool:
    if foreground.max() == 0:
        raise UserError(
            f"The masks in {where} are entirely background (black). The object must be white (255): make them again, "
            "or move them elsewhere to train without."
        )
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
            "be white (255); `idr-neus convert SCENE NEW --invert-masks` turns them round. If they are right, "
            "scale_mat is not: it must take the unit sphere around the object."
        )
    return True


def _impact(
    view: View, camera_to_scene: Float[np.ndarray, "4 4"], size: tuple[int, int], step: float
) -> Float[np.ndarray, "h w"]:
    """Smallest distance from the scene's origin to each pixel's ray, scene units."""
    directions = ray_directions(view, size, step) @ camera_to_scene[:3, :3].T
    centre = camera_to_scene[:3, 3]
    ahead = np.maximum(-(directions @ centre), 0.0)
    return np.linalg.norm(centre + ahead[..., None] * directions, axis=-1)


def reduced_size(size: tuple[int, int], across: float) -> tuple[tuple[int, int], float]:
    """((height, width), pixels per reduced pixel) with about ``across`` pixels along the longer side."""
    shrink = max(1.0, max(size) / across)
    return (max(1, int(size[0] / shrink)), max(1, int(size[1] / shrink))), shrink


def _border(size: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    border = np.ones(size, dtype=bool)
    border[3:-3, 3:-3] = False
    return border
