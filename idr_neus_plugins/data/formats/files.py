"""Images and masks of a scene, copied to where a layout wants them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from idr_neus_plugins.data.files import open_image, reading_image
from idr_neus_plugins.data.foreground import read_foreground
from idr_neus_plugins.data.formats.scene import PosedScene, View

COPIED = (".png", ".jpg", ".jpeg")


def copy_files(
    scene: PosedScene, folder: Path, images: str, masks: str, mask_name: str = "{number:06d}.png"
) -> PosedScene:
    """The scene with its files copied to ``folder/images`` and ``folder/masks``, numbered in the order of the views.

    PNG and JPEG images are copied as they are, others are converted to PNG. Masks become 8-bit PNG, object white.
    ``mask_name`` may use {number} and {image}, the new name of the view's image.
    """
    placed = []
    for number, view in enumerate(scene.views):
        image = _place_image(view.image, folder / images / f"{number:06d}")
        mask = None
        if view.mask is not None:
            mask = folder / masks / mask_name.format(number=number, image=image.name)
            _write_mask(view, mask, scene.masks_inverted)
        placed.append(replace(view, image=image, mask=mask))
    return replace(scene, views=tuple(placed), masks_inverted=False)


def _place_image(source: Path, stem: Path) -> Path:
    stem.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix.lower() in COPIED:
        return Path(shutil.copyfile(source, stem.with_suffix(source.suffix.lower())))
    target = stem.with_suffix(".png")
    with open_image(source) as image, reading_image(source):
        image.save(target)
    return target


def _write_mask(view: View, target: Path, inverted: bool) -> None:
    assert view.mask is not None
    target.parent.mkdir(parents=True, exist_ok=True)
    pixels = read_foreground(view.image, view.mask, view.size)
    Image.fromarray(np.uint8(255) - pixels if inverted else pixels).save(target)
