"""How well the held-out photographs are predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from idr_neus_plugins.core.image_metrics import image_metrics

SCORES = ("psnr", "psnr_masked", "ssim", "mask_iou")
"""Of the whole image, of the foreground's pixels, of the whole image, of accumulation > 0.5 and foreground > 0.5."""


def score_view(
    outputs: Mapping[str, Tensor],
    photo: Float[Tensor, "height width 3"],
    foreground: Float[Tensor, "height width 1"] | None,
    over_black: bool,
) -> dict[str, float]:
    """Those of SCORES that the view allows: without foreground, ``psnr_masked`` and ``mask_iou`` are left out.

    Args:
        outputs: the rendering: "rgb" [height, width, 3] and "accumulation" [height, width, 1].
        over_black: the method renders the foreground over black, so psnr and ssim compare with the photograph cut out
            by its mask; otherwise with the whole photograph.
    """
    images = outputs["rgb"], outputs["accumulation"], photo
    scores = image_metrics(*images, foreground)
    if foreground is not None and not over_black:
        scores |= image_metrics(*images, None)
    if foreground is not None and not (foreground > 0.5).any():
        del scores["psnr_masked"]
    return scores


def mean_scores(views: Sequence[Mapping[str, float]]) -> dict[str, float | None]:
    """Mean of each of SCORES over the views that have it; None where no view has."""
    means: dict[str, float | None] = {}
    for name in SCORES:
        values = [scores[name] for scores in views if name in scores]
        means[name] = sum(values) / len(values) if values else None
    return means


def side_by_side(*images: Float[Tensor, "height _ 3"]) -> UInt8[Tensor, "height widths 3"]:
    """One picture of images in [0, 1], left to right."""
    return (torch.cat(images, 1).clamp(0, 1) * 255).round().byte()
