"""Images and truths that are as true as those they are made from: mirrored, and with colours exchanged."""

from __future__ import annotations

import torch
from torch import Tensor

from idr_neus_plugins.single_view.data.reframing import reframed
from idr_neus_plugins.single_view.data.shape_cache import ShapeQuery
from idr_neus_plugins.single_view.fields import versions


def mirrored(query: ShapeQuery, truth: dict[str, Tensor], which: Tensor) -> tuple[ShapeQuery, dict[str, Tensor]]:
    """The images of ``which`` [images] (bool) seen in a mirror that exchanges left and right (x) of the scene."""
    views, sign = versions.mirrored(query.views, which)
    points, surface, placed = (values * sign[:, None] for values in (query.points, query.surface, truth["placed"]))
    # Scene and camera are both mirrored, so that the rotation stays one.
    pose = sign[:, :, None] * truth["pose"] * torch.cat([sign, torch.ones_like(sign[:, :1])], 1)[:, None]
    return ShapeQuery(views, points, surface), truth | {"placed": placed, "pose": pose}


def recolored(query: ShapeQuery, truth: dict[str, Tensor], order: list[int]) -> tuple[ShapeQuery, dict[str, Tensor]]:
    """Red, green and blue in another order, in the images and on the surfaces."""
    return query._replace(views=versions.recolored(query.views, order)), truth | {"colors": truth["colors"][..., order]}


def augmented(
    query: ShapeQuery, truth: dict[str, Tensor], reframed_share: float
) -> tuple[ShapeQuery, dict[str, Tensor]]:
    """Half of the images mirrored, a share turned and framed anew, all with the same random order of colours."""
    chance = torch.rand(2, len(query.points), device=query.points.device)
    query, truth = mirrored(query, truth, chance[0] < 0.5)
    if reframed_share > 0.0:
        query, truth = reframed(query, truth, chance[1] < reframed_share)
    return recolored(query, truth, torch.randperm(3).tolist())
