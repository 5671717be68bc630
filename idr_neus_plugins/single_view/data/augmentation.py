"""Images and truths that are as true as those they are made from: mirrored, and with colours exchanged."""

from __future__ import annotations

import torch
from torch import Tensor

from idr_neus_plugins.single_view.data.shape_cache import ShapeQuery
from idr_neus_plugins.single_view.fields.conditioned import Views


def mirrored(query: ShapeQuery, truth: dict[str, Tensor], which: Tensor) -> tuple[ShapeQuery, dict[str, Tensor]]:
    """The images of ``which`` [images] (bool) seen in a mirror that exchanges left and right (x) of the scene."""
    sign = torch.ones(len(which), 3, device=which.device)
    sign[which, 0] = -1.0
    scene = torch.cat([sign, torch.ones_like(sign[:, :1])], dim=1)
    images = torch.where(which[:, None, None, None], query.views.images.flip(3), query.views.images)
    projections = sign[:, :, None] * query.views.projections * scene[:, None]
    points, surface, placed = (values * sign[:, None] for values in (query.points, query.surface, truth["placed"]))
    return ShapeQuery(Views(images, projections), points, surface), truth | {"placed": placed}


def recolored(query: ShapeQuery, truth: dict[str, Tensor], order: list[int]) -> tuple[ShapeQuery, dict[str, Tensor]]:
    """Red, green and blue in another order, in the images and on the surfaces."""
    images = query.views.images[:, [*order, 3]]
    return query._replace(views=query.views._replace(images=images)), truth | {"colors": truth["colors"][..., order]}


def augmented(query: ShapeQuery, truth: dict[str, Tensor]) -> tuple[ShapeQuery, dict[str, Tensor]]:
    """Half of the images mirrored, all with the same random order of colours."""
    which = torch.rand(len(query.points), device=query.points.device) < 0.5
    return recolored(*mirrored(query, truth, which), torch.randperm(3).tolist())
