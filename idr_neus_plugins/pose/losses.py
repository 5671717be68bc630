"""How far a rendering is from a photograph, one number for each pose."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from idr_neus_plugins.pose.rendering import Rendered
from idr_neus_plugins.pose.similarity import Poses


@dataclass(frozen=True)
class PoseLossWeights:
    silhouette: float = 10.0
    """The paper's."""
    color: float = 2.0
    """So little, because shapes are not lit as photographs are. Zero: the silhouette alone, as in the paper."""
    depth: float = 10.0
    """Of depths in units of the object; where some are known."""
    view: float = 0.01
    """Of a network's surprise at the view, nats."""
    stretch: float = 0.3
    """Of squared logarithms of the factors by which a predicted shape is stretched along its axes."""


class ObservedRays:
    """The pixels of observations that are compared: [poses or 1, rays]."""

    def __init__(
        self,
        mask: Float[Tensor, "#poses rays"],
        colors: Float[Tensor, "#poses rays 3"],
        depth: Float[Tensor, "#poses rays"] | None = None,
    ) -> None:
        self.mask, self.colors, self.depth = mask, colors, depth


def pose_losses(
    rendered: Rendered, measured: ObservedRays, poses: Poses, weights: PoseLossWeights
) -> Float[Tensor, " poses"]:
    """Weighted sum of smooth L1 distances of silhouettes, colours and depths, means over the rays."""
    losses = weights.silhouette * _smooth(rendered.silhouettes, measured.mask).mean(1)
    both = rendered.met * measured.mask
    if weights.color:
        shown = rendered.colors * brightness(rendered.colors, measured.colors, both)[:, None, None]
        losses = losses + weights.color * (both * _smooth(shown, measured.colors).mean(2)).mean(1)
    if measured.depth is not None and weights.depth:
        known = both * (measured.depth > 0)
        apart = (rendered.depths - measured.depth) / poses.scales[:, None]
        losses = losses + weights.depth * (known * _smooth(apart, torch.zeros_like(apart))).mean(1)
    return losses


def brightness(
    colors: Float[Tensor, "poses rays 3"],
    observed: Float[Tensor, "#poses rays 3"],
    weights: Float[Tensor, "poses rays"],
) -> Float[Tensor, " poses"]:
    """The one factor for each pose that brings the shape's own colours closest to the lit ones; a constant."""
    with torch.no_grad():
        weights = weights[..., None]
        fit = (weights * colors * observed).sum((1, 2)) / (weights * colors.square()).sum((1, 2)).clamp(min=1e-6)
        return fit.clamp(0.3, 3.0)


def silhouette_iou(rendered: Rendered, mask: Float[Tensor, "#poses rays"]) -> Float[Tensor, " poses"]:
    """Of the shown and the observed silhouettes."""
    return torch.minimum(rendered.silhouettes, mask).sum(1) / torch.maximum(rendered.silhouettes, mask).sum(1)


def _smooth(values: Tensor, target: Tensor) -> Tensor:
    return functional.smooth_l1_loss(*torch.broadcast_tensors(values, target), reduction="none")
