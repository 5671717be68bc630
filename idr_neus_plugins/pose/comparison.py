"""A shape and a photograph: how far the one, under a pose, is from the other."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.pose.losses import ObservedRays, PoseLossWeights, pose_losses, silhouette_iou
from idr_neus_plugins.pose.observation import Observation
from idr_neus_plugins.pose.prior import ViewPrior
from idr_neus_plugins.pose.rendering import render
from idr_neus_plugins.pose.shape_grid import ShapeGrid
from idr_neus_plugins.pose.similarity import Poses

COARSE = 32
"""Pixels across up to which every other node of the shape will do."""

Losses = Float[Tensor, " poses"]


@dataclass(frozen=True)
class Comparison:
    shape: ShapeGrid
    observation: Observation
    weights: PoseLossWeights
    prior: ViewPrior | None = None
    """Of the view, if somebody has one."""

    def at(self, side: int) -> Comparison:
        """In fewer pixels, of a shape that is no finer than they need."""
        shape = self.shape.coarser() if side <= COARSE else self.shape
        return replace(self, shape=shape, observation=self.observation.at(side))

    def __call__(
        self, poses: Poses, softness: float, stretches: Float[Tensor, "poses 3"] | None = None
    ) -> tuple[Losses, Losses]:
        """(losses, IoU of the silhouettes) in all pixels.

        Args:
            softness: width of the silhouettes' borders, pixels.
            stretches: of the shape along its axes.
        """
        seen, weights = self.observation, self.weights
        depth = None if seen.depth is None else seen.depth.view(1, -1)
        measured = ObservedRays(seen.mask.view(1, -1), seen.colors.view(1, -1, 3), depth)
        width = softness * poses.scales.new_tensor([seen.pixel])
        rendered = render(self.shape, poses, seen.directions[None], width, stretches=stretches)
        losses = pose_losses(rendered, measured, poses, weights)
        if self.prior is not None and weights.view:
            losses = losses + weights.view * self.prior.surprise(poses)
        if stretches is not None:
            losses = losses + weights.stretch * stretches.log().square().sum(1)
        return losses, silhouette_iou(rendered, measured.mask)

    @torch.no_grad()
    def judged(
        self, poses: Poses, softness: float, stretches: Float[Tensor, "poses 3"] | None = None
    ) -> tuple[Losses, Losses]:
        """Without gradients."""
        return self(poses, softness, stretches)
