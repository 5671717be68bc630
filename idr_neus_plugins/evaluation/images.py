"""How well the held-out photographs are predicted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from idr_neus_plugins.core.image_metrics import image_metrics

SCORES = ("psnr", "psnr_masked", "ssim", "mask_iou")
"""Of the whole image, of the foreground's pixels, of the whole image, of accumulation > 0.5 and foreground > 0.5."""

ERROR_LIMIT = 0.2
"""Difference of colours in [0, 1] that an error map shows fully red."""


def score_view(
    outputs: Mapping[str, Tensor],
    photo: Float[Tensor, "height width 3"],
    foreground: Float[Tensor, "height width 1"] | None,
    over_black: bool,
    lpips: Callable[[Tensor, Tensor], float] | None = None,
) -> dict[str, float]:
    """Those of SCORES that the view allows: without foreground, ``psnr_masked`` and ``mask_iou`` are left out.

    Args:
        outputs: the rendering: "rgb" [height, width, 3] and "accumulation" [height, width, 1].
        over_black: the method renders the foreground over black, so psnr and ssim compare with the photograph cut out
            by its mask; otherwise with the whole photograph.
        lpips: adds its score of the same two images as ``lpips``.
    """
    images = outputs["rgb"], outputs["accumulation"], photo
    scores = image_metrics(*images, foreground)
    if foreground is not None and not over_black:
        scores |= image_metrics(*images, None)
    if lpips is not None:
        scores["lpips"] = lpips(outputs["rgb"], comparable(photo, foreground, over_black))
    return scores


def comparable(
    photo: Float[Tensor, "height width 3"], foreground: Float[Tensor, "height width 1"] | None, over_black: bool
) -> Float[Tensor, "height width 3"]:
    """What a rendering is compared with: the photograph, cut out by its mask for methods that render over black."""
    return photo * foreground if over_black and foreground is not None else photo


def error_map(
    rgb: Float[Tensor, "height width 3"], photo: Float[Tensor, "height width 3"]
) -> Float[Tensor, "height width 3"]:
    """Mean absolute difference of the channels as colours: blue for 0, red for ERROR_LIMIT and more."""
    from matplotlib import colormaps

    error = (rgb - photo).abs().mean(-1) / ERROR_LIMIT
    return torch.from_numpy(colormaps["turbo"](error.clamp(0, 1).numpy())[..., :3]).float()


def mean_scores(views: Sequence[Mapping[str, float]]) -> dict[str, float | None]:
    """Mean of each of SCORES over the views that have it; None where no view has."""
    means: dict[str, float | None] = {}
    for name in [*SCORES, *(["lpips"] if any("lpips" in scores for scores in views) else [])]:
        values = [scores[name] for scores in views if name in scores]
        means[name] = sum(values) / len(values) if values else None
    return means


def side_by_side(*images: Float[Tensor, "height _ 3"]) -> UInt8[Tensor, "height widths 3"]:
    """One picture of images in [0, 1], left to right."""
    return (torch.cat(images, 1).clamp(0, 1) * 255).round().byte()
