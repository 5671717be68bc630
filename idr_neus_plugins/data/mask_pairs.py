"""Which mask belongs to which photograph: the one place that decides it, by the names of the files."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from pathlib import Path

from idr_neus_plugins.data.files import (
    IMAGE_SUFFIXES,
    MASK_SUFFIXES,
    first_folder,
    list_images,
    natural_key,
    plain_name,
    visible_folders,
)
from idr_neus_plugins.data.formats.scene import PosedScene
from idr_neus_plugins.errors import UserError

FOLDERS = ("mask", "masks")
OTHER_FOLDERS = re.compile(r"mask|silhouette|segment|matte")
"""Folders that may hold masks by their names, where there is none of the usual ones."""
MASK_WORDS = r"(?:foreground|fg|object)?[ ._-]*(?:masks?|silhouettes?|segmentations?|seg|mattes?|alpha|cutout)"
Key = Callable[[Path], Hashable]
"""What a photograph's and its mask's path, relative to their folders, have in common."""


def find_mask_folder(scene: Path) -> Path | None:
    """The scene's folder of masks. Raises UserError where several folders may be it."""
    if (usual := first_folder(scene, *FOLDERS)) is not None:
        return usual if masks_in(usual) else None
    if not scene.is_dir():
        return None
    named = [path for path in visible_folders(scene) if OTHER_FOLDERS.search(path.name.lower()) and masks_in(path)]
    if len(named) > 1:
        raise UserError(
            f"{scene} has several folders that may hold its masks: {', '.join(path.name for path in named)}. Rename "
            "the right one to masks."
        )
    return named[0] if named else None


def masks_in(folder: Path) -> list[Path]:
    """All pictures in the folder and its sub-folders."""
    found = list_images(folder, MASK_SUFFIXES)
    return found + [path for sub in visible_folders(folder) for path in masks_in(sub)]


def with_masks(scene: PosedScene, folder: Path, image_folder: Path | None = None) -> PosedScene:
    """The scene with the masks that lie in a folder beside its photographs, if there is one.

    Raises UserError where photographs have no mask, or two that may be meant.
    """
    mask_folder = find_mask_folder(folder)
    if mask_folder is None:
        return scene
    images = [view.image for view in scene.views]
    masks = pair_masks(images, image_folder or folder, masks_in(mask_folder), mask_folder)
    return replace(scene, views=tuple(replace(v, mask=mask) for v, mask in zip(scene.views, masks, strict=True)))


def pair_masks(images: Sequence[Path], image_folder: Path, masks: Sequence[Path], mask_folder: Path) -> list[Path]:
    """One mask per photograph, by the first of ``KEYS`` that finds one for each.

    Raises UserError where none does, or two masks have the same name.
    """
    closest: list[Path] = list(images)  # without a mask, by the key that finds most
    for image_key, mask_key in KEYS:
        wanted = [image_key(_relative(image, image_folder)) for image in images]
        found: dict[Hashable, list[Path]] = {}
        for mask in masks:
            found.setdefault(mask_key(_relative(mask, mask_folder)), []).append(mask)
        lonely = [image for image, key in zip(images, wanted, strict=True) if key is None or key not in found]
        if lonely or len(set(wanted)) < len(images):
            closest = min(closest, lonely or closest, key=len)
            continue
        twice = next((found[key] for key in wanted if len(found[key]) > 1), None)
        if twice is not None:
            raise UserError(f"{twice[0]} and {twice[1].name} are masks of the same photograph. Remove one of them.")
        return [found[key][0] for key in wanted]
    remedy = f"Each mask needs its photograph's name; move {mask_folder} elsewhere to train without masks."
    if len(closest) == len(images):
        names = f"{masks[0].name}, …) have other names than the photographs ({images[0].name}, …)"
        raise UserError(f"The masks in {mask_folder} ({names}. {remedy}")
    count = f"{len(images) - len(closest)} of {len(images)}"
    raise UserError(f"{mask_folder} holds no mask for {closest[0].name}: {count} photographs have one. {remedy}")


def without_masks_between(images: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """(photographs, masks) of a folder in which both lie: 000.png beside 000_mask.png."""
    stems = {plain_name(image.stem) for image in images}
    masks = [image for image in images if _bare(image.stem) in stems and _bare(image.stem) != plain_name(image.stem)]
    return [image for image in images if image not in set(masks)], sorted(
        masks, key=lambda path: natural_key(path.name)
    )


def _relative(path: Path, folder: Path) -> Path:
    return path.relative_to(folder) if path.is_relative_to(folder) else Path(path.name)


def _whole(path: Path) -> Hashable:
    return plain_name(path.parent.as_posix()), plain_name(path.name)


def _stem(path: Path) -> tuple[str, str]:
    """The name without its last suffix, and without a photograph's suffix before that one."""
    return plain_name(path.parent.as_posix()), plain_name(path.stem)


def _bare(name: str) -> str:
    """Without suffixes of pictures and without words such as mask at either end."""
    plain, before = plain_name(name), None
    while plain != before:
        before = plain
        plain = re.sub(rf"[ ._-]*{MASK_WORDS}$|^{MASK_WORDS}[ ._-]+", "", plain)
        if Path(plain).suffix in IMAGE_SUFFIXES:
            plain = str(Path(plain).stem)
    return plain


def _bare_stem(path: Path) -> Hashable:
    return plain_name(path.parent.as_posix()), _bare(path.stem)


def _numbers(path: Path) -> Hashable:
    """All numbers in the name."""
    return tuple(int(number) for number in re.findall(r"[0-9]+", path.stem)) or None


def _last_number(path: Path) -> Hashable:
    numbers = re.findall(r"[0-9]+", path.stem)
    return int(numbers[-1]) if numbers else None


def _anywhere(key: Key) -> Key:
    """The same, whatever the sub-folder is called."""
    return lambda path: key(Path(path.name))


KEYS: tuple[tuple[Key, Key], ...] = (
    (_whole, _stem),  # 000.jpg and 000.jpg.png, as COLMAP wants it
    (_stem, _stem),
    (_bare_stem, _bare_stem),
    (_anywhere(_stem), _anywhere(_stem)),
    (_anywhere(_bare_stem), _anywhere(_bare_stem)),
    (_numbers, _numbers),
    (_last_number, _last_number),
)
"""(key of a photograph, key of a mask), the strictest first."""
