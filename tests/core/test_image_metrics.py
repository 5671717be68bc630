import math

import torch

from idr_neus_plugins.core.image_metrics import image_metrics, mask_iou, psnr


def test_psnr_of_a_known_error_and_its_mask():
    image = torch.zeros(4, 4, 3)
    rgb = torch.full((4, 4, 3), 0.1)
    rgb[0] = 1.0
    weights = torch.ones(4, 4, 1)
    weights[0] = 0.0
    assert math.isclose(psnr(rgb, image, weights), 20.0, rel_tol=1e-5)
    assert psnr(rgb, image) < 7.0


def test_mask_iou_of_shifted_squares_and_of_nothing():
    left, right = torch.zeros(4, 6, 1), torch.zeros(4, 6, 1)
    left[:, :4], right[:, 2:] = 1.0, 1.0
    assert math.isclose(mask_iou(left, right), 2 / 6)
    assert mask_iou(torch.zeros(2, 2, 1), torch.zeros(2, 2, 1)) == 1.0


def test_a_perfect_rendering_over_black_is_perfect_under_a_mask():
    torch.manual_seed(0)
    image, foreground = torch.rand(16, 16, 3), torch.zeros(16, 16, 1)
    foreground[4:12, 4:12] = 1.0
    metrics = image_metrics(image * foreground, foreground, image, foreground)
    assert set(metrics) == {"psnr", "ssim", "psnr_masked", "mask_iou"}
    assert metrics["psnr"] > 90 and metrics["psnr_masked"] > 90 and metrics["ssim"] > 0.999 and metrics["mask_iou"] == 1
    assert set(image_metrics(image, foreground, image, None)) == {"psnr", "ssim"}


def test_an_empty_mask_has_no_psnr():
    image, nothing = torch.rand(16, 16, 3), torch.zeros(16, 16, 1)
    assert set(image_metrics(image, nothing, image, nothing)) == {"psnr", "ssim", "mask_iou"}
