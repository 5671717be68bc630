"""Masks belong to photographs by their names, never by their places in a list."""

from __future__ import annotations

import random
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from idr_neus_plugins.data.mask_pairs import find_mask_folder, pair_masks, without_masks_between
from idr_neus_plugins.errors import UserError

IMAGES, MASKS = Path("images"), Path("masks")


def pair(images: list[str], masks: list[str]) -> list[str]:
    found = pair_masks([IMAGES / name for name in images], IMAGES, [MASKS / name for name in masks], MASKS)
    return [mask.relative_to(MASKS).as_posix() for mask in found]


NAMES = {
    "same": (["0.png", "1.png"], ["0.png", "1.png"]),
    "other suffix": (["a.jpg", "b.jpg"], ["a.png", "b.bmp"]),
    "upper case": (["A.JPG", "b.JPG"], ["a.png", "B.png"]),
    "colmap": (["a.jpg", "b.jpg"], ["a.jpg.png", "b.jpg.png"]),
    "reality scan": (["a.jpg", "b.jpg"], ["a.jpg.mask.png", "b.jpg.mask.png"]),
    "word behind": (["a.jpg", "b.jpg"], ["a_mask.png", "b_mask.png"]),
    "word before": (["a.jpg", "b.jpg"], ["mask_a.png", "mask_b.png"]),
    "dots": (["1305.1753.png", "1305.1754.png"], ["1305.1753.png", "1305.1754.png"]),
    "spaces": (["IMG 2 (1).png", "IMG 2 (10).png"], ["IMG 2 (1).png", "IMG 2 (10).png"]),
    "sub-folders": (["a/0.png", "b/0.png"], ["a/0.png", "b/0.png"]),
    "parallel tree": (["rgb/a.png", "rgb/b.png"], ["seg/a.png", "seg/b.png"]),
    "other digits": (["000007.png", "000010.png"], ["007.png", "010.png"]),
    "other word": (["rgb_7.png", "rgb_10.png"], ["seg_7.png", "seg_10.png"]),
    "several numbers": (["cam1_7.png", "cam2_7.png"], ["m1_7.png", "m2_7.png"]),
    "unicode": (["Größe.png", "é.png"], [unicodedata.normalize("NFD", name) for name in ("Größe.png", "é.png")]),
}


@pytest.mark.parametrize("kind", NAMES)
def test_pairs_by_name(kind):
    images, masks = NAMES[kind]
    unused = "of_no_photograph_99.png"
    assert pair(images, [unused, *reversed(masks)]) == masks


@given(numbers=st.lists(st.integers(0, 10**6), min_size=1, max_size=20, unique=True), seed=st.integers(0, 100))
def test_the_order_of_the_files_does_not_matter(numbers, seed):
    masks = [f"{number}.png" for number in numbers]
    shuffled = random.Random(seed).sample(masks, len(masks))
    assert pair([f"{number}.jpg" for number in numbers], shuffled) == masks


@pytest.mark.parametrize(
    ("images", "masks", "said"),
    [
        (["a.png", "b.png"], ["a.png"], "no mask for b.png: 1 of 2"),
        (["1.png", "2.png", "3.png"], ["0.png", "1.png", "2.png"], "no mask for 3.png: 2 of 3"),
        (["a.png", "b.png"], ["x.png", "y.png"], "other names"),
        (["a.png", "b.png"], ["a.png", "a.bmp", "b.png"], "same photograph"),
    ],
)
def test_missing_and_double_masks_are_named(images, masks, said):
    with pytest.raises(UserError, match=said):
        pair(images, masks)


def test_masks_between_the_photographs():
    files = [IMAGES / name for name in ("a.png", "a_mask.png", "b.png", "b_mask.png", "unmasked.png")]
    photographs, masks = without_masks_between(files)
    assert [path.name for path in photographs] == ["a.png", "b.png", "unmasked.png"]
    assert [path.name for path in masks] == ["a_mask.png", "b_mask.png"]


def test_folders_of_masks_by_other_names(tmp_path):
    def make(name: str) -> Path:
        (tmp_path / name).mkdir()
        Image.new("L", (4, 4)).save(tmp_path / name / "0.png")
        return tmp_path / name

    make("images")
    assert find_mask_folder(tmp_path) is None
    object_masks = make("object_masks")
    assert find_mask_folder(tmp_path) == object_masks
    make("Segmentation")
    with pytest.raises(UserError, match="object_masks.*to masks") as error:
        find_mask_folder(tmp_path)
    assert "Segmentation" in str(error.value)
    object_masks.rename(tmp_path / "Masks")
    assert find_mask_folder(tmp_path) == tmp_path / "Masks"
