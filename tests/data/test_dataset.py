"""Pixels and soft masks as tensors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from idr_neus_plugins.data.dataset import SurfaceDataset
from idr_neus_plugins.data.idr_dataparser import IdrDataParserConfig
from idr_neus_plugins.errors import UserError
from tests.data.scenes import copy_scene


def dataset(folder, **options) -> SurfaceDataset:
    return SurfaceDataset(IdrDataParserConfig(data=folder, **options).setup().get_dataparser_outputs("train"))


def test_items_hold_image_and_foreground_and_no_mask(tiny_scene):
    item = dataset(tiny_scene)[0]
    assert set(item) == {"image_idx", "image", "foreground"}
    assert item["image"].shape == (64, 64, 3) and item["foreground"].shape == (64, 64, 1)
    assert item["foreground"].min() == 0.0 and item["foreground"].max() == 1.0
    assert torch.equal(item["image"] * 255, torch.tensor(np.array(Image.open(tiny_scene / "image/000001.png"))).float())


def test_downscaling_averages_areas_and_softens_masks(tiny_scene):
    full, small = dataset(tiny_scene)[0], dataset(tiny_scene, downscale_factor=4.0)[0]
    assert small["image"].shape == (16, 16, 3)
    for key in ("image", "foreground"):
        mean = full[key].view(16, 4, 16, 4, -1).mean(dim=(1, 3))
        assert (small[key] - mean).abs().max() < 1.01 / 255
    assert ((small["foreground"] > 0.1) & (small["foreground"] < 0.9)).any()


def test_odd_factors_keep_the_corner(tiny_scene):
    """Pixel (0, 0) of an image shrunk by 2.5 covers 2.5 x 2.5 pixels from the corner."""
    full, small = dataset(tiny_scene)[0], dataset(tiny_scene, downscale_factor=2.5)[0]
    weights = torch.tensor([1.0, 1.0, 0.5]) / 2.5
    at = full["image"][30:33, 30:33]
    expected = torch.einsum("hwc,h,w->c", at, weights, weights)
    assert (small["image"][12, 12] - expected).abs().max() < 2.0 / 255


def test_camera_res_scale_factor_of_nerfstudio(tiny_scene):
    outputs = IdrDataParserConfig(data=tiny_scene).setup().get_dataparser_outputs("train")
    item = SurfaceDataset(outputs, scale_factor=0.5)[0]
    assert item["image"].shape == (32, 32, 3) and item["foreground"].shape == (32, 32, 1)


def test_without_masks_there_is_no_foreground(tiny_scene, tmp_path):
    folder = copy_scene(tiny_scene, tmp_path)
    (folder / "mask").rename(folder / "not_used")
    data = dataset(folder)
    assert not data.has_foreground and set(data[0]) == {"image_idx", "image"}


def test_grey_images_become_colours(tiny_scene, tmp_path):
    folder = copy_scene(tiny_scene, tmp_path)
    path = folder / "image" / "000001.png"
    Image.open(path).convert("L").save(path)
    assert dataset(folder)[0]["image"].shape == (64, 64, 3)


def test_an_image_that_breaks_off_is_named(tiny_scene, tmp_path):
    folder = copy_scene(tiny_scene, tmp_path)
    path = folder / "image" / "000001.png"
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(UserError, match="000001.png cannot be read"):
        dataset(folder)[0]
