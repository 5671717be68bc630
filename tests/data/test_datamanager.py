"""Batches of rays: where they come from, what they carry, and that nerfstudio's own rays are the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from idr_neus_plugins.data.datamanager import SurfaceDataManager, SurfaceDataManagerConfig
from idr_neus_plugins.data.idr_dataparser import IdrDataParserConfig
from idr_neus_plugins.data.pixels import SurfacePixelSamplerConfig, dilate, outline
from idr_neus_plugins.errors import UserError
from tests.data.scenes import copy_scene


def setup(folder, **options) -> SurfaceDataManager:
    config = SurfaceDataManagerConfig(data=folder, dataparser=IdrDataParserConfig(), **options)
    return config.setup(device="cpu", test_mode="val")


@pytest.fixture(scope="module")
def manager(tiny_scene):
    return setup(tiny_scene, train_num_rays_per_batch=512)


def test_rays_equal_those_of_nerfstudio(manager):
    rays, batch = manager.next_train(0)
    indices = batch["indices"]
    cameras = manager.train_dataset.cameras
    expected = cameras.generate_rays(indices[:, :1], coords=indices[:, 1:].float() + 0.5)
    for name in ("origins", "directions", "camera_indices"):
        assert torch.allclose(getattr(rays, name), getattr(expected, name), atol=1e-6), name
    assert torch.allclose(rays.metadata["directions_norm"], expected.metadata["directions_norm"], atol=1e-6)
    assert torch.allclose(rays.pixel_area, expected.pixel_area, rtol=0.02)


def test_batches_hold_what_was_photographed(manager):
    _, batch = manager.next_train(0)
    assert set(batch) == {"image", "foreground", "indices"}
    assert batch["image"].shape == (512, 3) and batch["foreground"].shape == (512, 1)
    for view in batch["indices"][:, 0].unique():
        here = batch["indices"][:, 0] == view
        _, rows, columns = batch["indices"][here].unbind(1)
        item = manager.train_dataset[int(view)]
        assert torch.equal(batch["image"][here], item["image"][rows, columns])
        assert torch.equal(batch["foreground"][here], item["foreground"][rows, columns])


def test_views_and_pixels_are_all_drawn(manager):
    indices = torch.cat([manager.next_train(step)[1]["indices"] for step in range(60)])
    assert set(indices[:, 0].tolist()) == set(range(8))
    assert indices[:, 1:].amin() == 0 and indices[:, 1:].amax() == 63


@pytest.mark.parametrize("fraction", [0.0, 0.5, 1.0])
def test_share_of_foreground_rays(tiny_scene, fraction):
    sampler = SurfacePixelSamplerConfig(foreground_fraction=fraction)
    manager = setup(tiny_scene, train_num_rays_per_batch=4096, pixel_sampler=sampler)
    useful = len(manager.train_pixels.useful) / len(manager.train_pixels)
    foreground = (manager.train_pixels.foreground > 0).float().mean().item() / useful
    expected = foreground * (fraction + (1 - fraction) * useful)
    drawn = (manager.next_train(0)[1]["foreground"] > 0).float().mean().item()
    assert drawn == pytest.approx(expected, abs=0.04)


def test_dilation_reaches_four_pixels():
    mask = torch.zeros(20, 20, dtype=torch.uint8)
    mask[10, 10] = 255
    assert (dilate(mask) > 0).nonzero().amin(0).tolist() == [6, 6]
    assert (dilate(mask) > 0).sum() == 81


def test_outlines_have_two_sides():
    mask = torch.zeros(20, 30, dtype=torch.uint8)
    mask[:, 10:] = 255
    columns = (outline(mask) > 0).all(dim=0).nonzero()[:, 0]
    assert columns.tolist() == list(range(6, 14))
    assert (outline(mask) > 0).sum() == 8 * 20
    assert not outline(torch.full_like(mask, 255)).any(), "an image's border is no outline"


def test_share_of_rays_at_outlines(tiny_scene):
    sampler = SurfacePixelSamplerConfig(foreground_fraction=0.0, outline_fraction=0.5)
    manager = setup(tiny_scene, train_num_rays_per_batch=4096, pixel_sampler=sampler)
    at_outline = torch.zeros(len(manager.train_pixels))
    at_outline[manager.train_pixels.outline.long()] = 1
    assert 0.02 < at_outline.mean() < 0.4, "the scene must have outlines and more"
    view, row, column = manager.next_train(0)[1]["indices"].unbind(1)
    drawn = at_outline.view(8, 64, 64)[view, row, column].mean().item()
    assert drawn == pytest.approx(0.5 + 0.5 * at_outline.mean().item(), abs=0.04)


def test_the_same_seed_gives_the_same_batch(tiny_scene):
    batches = []
    for _ in range(2):
        torch.manual_seed(5)
        batches.append(setup(tiny_scene).next_train(0)[1]["indices"])
    assert torch.equal(*batches)


def test_evaluation_sees_held_out_views_whole(manager):
    rays, batch = manager.next_eval(0)
    assert len(rays) == len(batch["image"])
    camera, item = manager.next_eval_image(0)
    assert camera.shape == (1,) and item["image"].shape == (64, 64, 3)
    fixed = list(manager.fixed_indices_eval_dataloader)
    assert len(fixed) == 2 and all("foreground" in item for _, item in fixed)
    held_out, training = (set(data.image_filenames) for data in (manager.eval_dataset, manager.train_dataset))
    assert len(held_out) == 2 and not held_out & training


def test_training_views(manager):
    views = manager.training_views()
    assert views.images.shape == (8, 64, 64, 3) and views.masks.shape == (8, 64, 64)
    rays, batch = manager.next_train(0)
    view, row, column = batch["indices"].unbind(1)
    point = rays.origins + 2.7 * rays.directions
    pose = views.camera_to_scene[view]
    in_camera = ((point - pose[:, :, 3])[:, None] @ pose[:, :, :3])[:, 0]
    pixels = (views.intrinsics[view] @ in_camera[:, :, None])[:, :, 0]
    assert torch.allclose(pixels[:, 0] / pixels[:, 2], column + 0.5, atol=1e-3)
    assert torch.allclose(pixels[:, 1] / pixels[:, 2], row + 0.5, atol=1e-3)
    assert torch.equal(views.images[view, row, column].float() / 255, batch["image"])


def test_images_of_different_sizes(tiny_scene, tmp_path):
    folder = copy_scene(tiny_scene, tmp_path)
    for path in (folder / "image" / "000003.png", folder / "mask" / "003.png"):
        Image.fromarray(np.array(Image.open(path))[:48]).save(path)
    manager = setup(folder, train_num_rays_per_batch=2048)
    _, batch = manager.next_train(0)
    third = batch["indices"][batch["indices"][:, 0] == 2]
    assert len(third) > 0 and third[:, 1].max() < 48
    views = manager.training_views()
    assert views.sizes[2].tolist() == [48, 64]
    assert views.images.shape == (8, 64, 64, 3) and not views.images[2, 48:].any()


def test_without_masks_rays_come_from_everywhere(tiny_scene, tmp_path):
    folder = copy_scene(tiny_scene, tmp_path)
    (folder / "mask").rename(folder / "not_used")
    manager = setup(folder)
    assert set(manager.next_train(0)[1]) == {"image", "indices"}
    assert manager.training_views().foreground is None


def test_patches_are_refused(tiny_scene):
    with pytest.raises(UserError, match="patch-size"):
        setup(tiny_scene, patch_size=4)


@pytest.mark.parametrize("name", ["nerfstudio", "sdfstudio"])
def test_parsers_of_nerfstudio_are_refused_with_the_one_that_reads_their_layout(name, tiny_scene, tmp_path):
    from nerfstudio.data.dataparsers.nerfstudio_dataparser import NerfstudioDataParserConfig
    from nerfstudio.data.dataparsers.sdfstudio_dataparser import SDFStudioDataParserConfig

    from idr_neus_plugins.data.formats.reading import read_posed_scene
    from idr_neus_plugins.data.formats.writing import write_posed_scene

    parsers = {"nerfstudio": NerfstudioDataParserConfig, "sdfstudio": SDFStudioDataParserConfig}
    folder = tmp_path / "scene"
    write_posed_scene(read_posed_scene(tiny_scene), folder, "transforms" if name == "nerfstudio" else "sdfstudio")
    with pytest.raises(UserError, match=f"idr-data --data {folder}"):
        SurfaceDataManagerConfig(dataparser=parsers[name](data=folder)).setup(device="cpu")
    manager = SurfaceDataManagerConfig(dataparser=IdrDataParserConfig(data=folder)).setup(device="cpu")
    assert "foreground" in manager.next_train(0)[1]
