"""Versions of an image that are as true as itself: mirrored, and with colours exchanged."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from idr_neus_plugins.single_view.fields.conditioned import InputViews

MIRROR = (-1.0, 1.0, 1.0)
"""Exchanges left and right (x) of the scene."""
ORDERS = ([0, 1, 2], [1, 2, 0], [2, 0, 1])
"""Of red, green and blue."""


def mirrored(views: InputViews, which: Bool[Tensor, " images"]) -> tuple[InputViews, Float[Tensor, "images 3"]]:
    """The images of ``which`` seen in a mirror, and the signs that take scene points there for each image."""
    sign = torch.where(which[:, None], views.projections.new_tensor(MIRROR), 1.0)
    scene = torch.cat([sign, torch.ones_like(sign[:, :1])], dim=1)
    images = torch.where(which[:, None, None, None], views.images.flip(3), views.images)
    return InputViews(images, sign[:, :, None] * views.projections * scene[:, None]), sign


def recolored(views: InputViews, order: list[int]) -> InputViews:
    """Red, green and blue in another order."""
    return views._replace(images=views.images[:, [*order, 3]])


def all_versions(views: InputViews) -> list[tuple[InputViews, Float[Tensor, "images 3"]]]:
    """Six, the views themselves first; with the signs of :func:`mirrored`."""
    versions = []
    for is_mirrored in (False, True):
        which = torch.full((len(views.images),), is_mirrored, device=views.images.device)
        turned, sign = mirrored(views, which)
        versions += [(recolored(turned, order), sign) for order in ORDERS]
    return versions
