"""How well the held-out photographs are predicted."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor


class ImageScores(NamedTuple):
    """Scores of one view; None where the view has no foreground mask."""

    psnr: float
    """Whole image, dB."""
    psnr_masked: float | None
    """Over the pixels of the foreground only, dB."""
    ssim: float
    mask_iou: float | None
    """Intersection over union of accumulation > 0.5 and foreground > 0.5."""


def score_image(
    rgb: Float[Tensor, "height width 3"],
    accumulation: Float[Tensor, "height width 1"],
    photo: Float[Tensor, "height width 3"],
    foreground: Float[Tensor, "height width 1"] | None,
) -> ImageScores:
    """Rendering against photograph, both in [0, 1]."""
    from torchmetrics.functional.image import structural_similarity_index_measure

    images = [image.permute(2, 0, 1)[None] for image in (rgb, photo)]
    ssim = float(structural_similarity_index_measure(images[0], images[1], data_range=1.0))
    if foreground is None:
        return ImageScores(psnr(rgb, photo), None, ssim, None)
    inside = foreground[..., 0] > 0.5
    masked = psnr(rgb[inside], photo[inside]) if inside.any() else None
    return ImageScores(psnr(rgb, photo), masked, ssim, intersection_over_union(accumulation[..., 0] > 0.5, inside))


def psnr(rgb: Float[Tensor, "*pixels 3"], photo: Float[Tensor, "*pixels 3"]) -> float:
    """Peak signal-to-noise ratio in dB for values in [0, 1]."""
    return float(-10 * torch.log10(torch.mean(torch.square(rgb - photo))))


def intersection_over_union(first: Tensor, second: Tensor) -> float:
    """Of two boolean masks; 1 where both are empty."""
    union = (first | second).sum()
    return float((first & second).sum() / union) if union else 1.0


def mean_scores(scores: list[ImageScores]) -> dict[str, float | None]:
    """Mean of every score over the views that have it."""
    means: dict[str, float | None] = {}
    for name in ImageScores._fields:
        values = [value for score in scores if (value := getattr(score, name)) is not None]
        means[name] = sum(values) / len(values) if values else None
    return means


def side_by_side(*images: Float[Tensor, "height width 3"]) -> Tensor:
    """One uint8 picture [height, widths, 3] of images in [0, 1]."""
    return (torch.cat(images, 1).clamp(0, 1) * 255).round().byte().cpu()
