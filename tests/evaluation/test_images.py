"""Scores of renderings whose scores are known."""

from __future__ import annotations

import pytest
import torch

from idr_neus_plugins.evaluation.images import SCORES, comparable, error_map, mean_scores, score_view, side_by_side

PHOTO = torch.rand(20, 30, 3, generator=torch.Generator().manual_seed(0)) * 0.5
UPPER_HALF = torch.zeros(20, 30, 1)
UPPER_HALF[:10] = 1


def rendering(rgb: torch.Tensor) -> dict[str, torch.Tensor]:
    return {"rgb": rgb, "accumulation": UPPER_HALF}


def test_foreground_over_black_is_compared_with_the_cut_out_photograph():
    scores = score_view(rendering((PHOTO + 0.01) * UPPER_HALF), PHOTO, UPPER_HALF, over_black=True)
    assert set(scores) == set(SCORES)
    assert scores["psnr_masked"] == pytest.approx(40, abs=0.01)
    assert scores["psnr"] == pytest.approx(43.01, abs=0.01)  # the same error on half of the pixels
    assert scores["mask_iou"] == 1 and 0.9 < scores["ssim"] < 1


def test_a_rendered_background_is_compared_with_the_whole_photograph():
    rgb = PHOTO + torch.where(UPPER_HALF > 0, 0.01, 0.1)
    scores = score_view(rendering(rgb), PHOTO, UPPER_HALF, over_black=False)
    assert scores["psnr_masked"] == pytest.approx(40, abs=0.01)
    assert scores["psnr"] == pytest.approx(22.97, abs=0.01)  # mean of 1e-4 and 1e-2


def test_without_foreground_only_whole_images_are_scored():
    scores = score_view(rendering(PHOTO + 0.1), PHOTO, None, over_black=True)
    assert set(scores) == {"psnr", "ssim"} and scores["psnr"] == pytest.approx(20, abs=0.01)


def test_a_view_without_the_object_has_no_masked_psnr():
    scores = score_view(rendering(PHOTO), PHOTO, torch.zeros_like(UPPER_HALF), over_black=True)
    assert "psnr_masked" not in scores and scores["mask_iou"] == 0


def test_mean_leaves_out_what_was_not_measured():
    masked, bare = {"psnr": 20.0, "ssim": 0.5, "psnr_masked": 30.0, "mask_iou": 1.0}, {"psnr": 30.0, "ssim": 0.7}
    assert mean_scores([masked, bare]) == pytest.approx({"psnr": 25, "psnr_masked": 30, "ssim": 0.6, "mask_iou": 1})
    assert mean_scores([bare]) == {"psnr": 30, "psnr_masked": None, "ssim": 0.7, "mask_iou": None}


def test_side_by_side():
    picture = side_by_side(torch.zeros(4, 5, 3), torch.ones(4, 5, 3) * 2)
    assert picture.shape == (4, 10, 3) and picture.dtype == torch.uint8
    assert picture[:, :5].max() == 0 and picture[:, 5:].min() == 255


def test_lpips_is_of_the_images_that_psnr_is_of():
    seen = []
    rgb, upper = PHOTO * 0.9, PHOTO * UPPER_HALF
    for over_black, compared in ((True, upper), (False, PHOTO)):
        scores = score_view(rendering(rgb), PHOTO, UPPER_HALF, over_black, lambda *images: seen.append(images) or 0.25)
        assert scores["lpips"] == 0.25 and torch.equal(seen[-1][1], compared)
    assert mean_scores([scores, {"psnr": 1.0, "ssim": 1.0}])["lpips"] == 0.25
    assert torch.equal(comparable(PHOTO, None, True), PHOTO)


def test_errors_run_from_blue_to_red():
    rgb = PHOTO.clone()
    rgb[0, 0] += 0.2
    picture = error_map(rgb, PHOTO)
    assert picture[0, 0, 0] > picture[0, 0, 2] and picture[1, 1, 2] > picture[1, 1, 0]
    assert torch.equal(error_map(rgb + 0.7, PHOTO)[0, 0], picture[0, 0])
