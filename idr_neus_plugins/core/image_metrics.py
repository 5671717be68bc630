"""How well a rendered image agrees with a photograph."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor


def psnr(
    rgb: Float[Tensor, "height width 3"],
    image: Float[Tensor, "height width 3"],
    weights: Float[Tensor, "height width 1"] | None = None,
) -> float:
    """Peak signal-to-noise ratio in dB for colours in [0, 1], over the pixels that ``weights`` selects."""
    squares = (rgb - image).square()
    weights = torch.ones_like(squares[..., :1]) if weights is None else weights
    error = float((squares * weights).sum() / (3.0 * weights.sum()).clamp(min=1e-8))
    return -10.0 * math.log10(max(error, 1e-10))


def mask_iou(accumulation: Float[Tensor, "height width 1"], foreground: Float[Tensor, "height width 1"]) -> float:
    """Intersection over union of the rendered silhouette and the mask, both cut at one half; 1 where both are empty."""
    rendered, given = accumulation > 0.5, foreground > 0.5
    union = int((rendered | given).sum())
    return int((rendered & given).sum()) / union if union else 1.0


def image_metrics(
    rgb: Float[Tensor, "height width 3"],
    accumulation: Float[Tensor, "height width 1"],
    image: Float[Tensor, "height width 3"],
    foreground: Float[Tensor, "height width 1"] | None,
) -> dict[str, float]:
    """``psnr``, ``ssim`` and, with a mask, ``mask_iou`` and ``psnr_masked`` (foreground only, so not of an empty mask).

    With a mask, the photograph's background counts as black in ``psnr`` and ``ssim``, as the models render it.
    """
    from torchmetrics.functional.image import structural_similarity_index_measure

    target = image if foreground is None else image * foreground
    rendered_planes, target_planes = (picture.permute(2, 0, 1)[None] for picture in (rgb, target))
    ssim = structural_similarity_index_measure(rendered_planes, target_planes, data_range=1.0)
    metrics = {"psnr": psnr(rgb, target), "ssim": float(ssim)}  # type: ignore[arg-type]
    if foreground is not None:
        metrics["mask_iou"] = mask_iou(accumulation, foreground)
        if (foreground > 0.5).any():
            metrics["psnr_masked"] = psnr(rgb, image, (foreground > 0.5).float())
    return metrics
