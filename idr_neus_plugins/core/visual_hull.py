"""Visual hull: the largest solid that agrees with all silhouettes."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import max_pool2d

from idr_neus_plugins.core.views import Views

MIN_VIEWS = 3
"""A point that fewer views see is not part of the hull: nothing would speak against it."""


def in_visual_hull(
    positions: Float[Tensor, "points 3"], views: Views, tolerance: float = 0.0
) -> Bool[Tensor, " points"]:
    """Whether scene points project onto the foreground of every view that sees them.

    Silhouettes are widened by one pixel, so that points half a pixel outside are kept. Scenes with fewer than three
    views ask that all of them see a point.

    Args:
        tolerance: share of all views that may say otherwise. Inexact cameras cut off each other's parts of the hull;
            some tolerance gives them back.
    """
    if views.foreground is None:
        raise ValueError("a visual hull needs foreground masks")
    masks = max_pool2d((views.foreground >= 128)[:, None].float(), 3, stride=1, padding=1)[:, 0] > 0
    alive = torch.arange(len(positions), device=positions.device)
    seen = torch.zeros(len(positions), dtype=torch.int32, device=positions.device)
    against = torch.zeros_like(seen)
    for view in range(len(masks)):
        pixels, visible = _project(positions[alive], views, view)
        seen[alive[visible]] += 1
        against[alive[visible]] += ~masks[view][pixels[visible, 1], pixels[visible, 0]]
        alive = alive[against[alive] <= tolerance * len(masks)]
    hull = torch.zeros(len(positions), dtype=torch.bool, device=positions.device)
    hull[alive] = True
    return hull & (seen >= min(MIN_VIEWS, len(masks)))


def _project(positions: Tensor, views: Views, view: int) -> tuple[Tensor, Tensor]:
    """Pixel (x, y) of each point, and whether it lies in front of the camera and within the image."""
    rotation, centre = views.camera_to_scene[view, :, :3], views.camera_to_scene[view, :, 3]
    in_camera = (positions - centre) @ rotation
    projected = in_camera @ views.intrinsics[view].T
    depth = projected[:, 2:]
    pixels = (projected[:, :2] / torch.where(depth > 0, depth, torch.ones_like(depth))).floor().long()
    size = views.sizes[view].flip(0).to(pixels)
    return pixels, (depth[:, 0] > 0) & ((pixels >= 0) & (pixels < size)).all(dim=1)
