"""From a shape and a photograph to poses: many views compared, the best ones descended from, coarse to fine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.pose.losses import Measured, PoseLossWeights, pose_losses, silhouette_iou
from idr_neus_plugins.pose.observation import Observation
from idr_neus_plugins.pose.rendering import render
from idr_neus_plugins.pose.shape_grid import ShapeGrid
from idr_neus_plugins.pose.similarity import Poses
from idr_neus_plugins.pose.starts import Views, best_starts, distinct, joined_candidates


@dataclass(frozen=True)
class Stage:
    """Some steps of Adam."""

    side: int
    """Pixels across the pictures that are compared."""
    poses: int
    """How many of the best are taken along."""
    steps: int
    rate: float
    """At the first step; it falls to that of the next stage."""
    softness: float
    """Width of the silhouettes' borders, pixels."""


@dataclass(frozen=True)
class SolverSettings:
    """The paper's Adam at 0.1 and at most 200 steps, spent from coarse to fine."""

    views: Views = field(default_factory=Views)
    starts: int = 8
    stages: tuple[Stage, ...] = (
        Stage(32, 8, 60, 0.1, 0.5),
        Stage(48, 3, 50, 0.02, 0.35),
        Stage(96, 2, 40, 0.006, 0.22),
    )
    last_rate: float = 0.0005
    hold: int = 10
    """Steps at the beginning in which nothing is turned. The paper's 30 are for a start that is not placed."""
    weights: PoseLossWeights = field(default_factory=PoseLossWeights)


@dataclass(frozen=True)
class Hypotheses:
    """The best first."""

    poses: Poses
    losses: Float[Tensor, " poses"]
    ious: Float[Tensor, " poses"]
    """Of the silhouettes."""

    @property
    def scores(self) -> Float[Tensor, " poses"]:
        """How likely each is compared with the others: they add up to 1."""
        return torch.softmax(-(self.losses - self.losses.min()) / TEMPERATURE, dim=0)


TEMPERATURE = 0.01
"""Difference of losses by which a hypothesis is e times as likely."""


def find_poses(
    shape: ShapeGrid,
    observation: Observation,
    settings: SolverSettings,
    guesses: Float[Tensor, "guesses 3 3"] | None = None,
    tell: Callable[[Poses], None] = lambda poses: None,
) -> Hypotheses:
    """Poses of a shape in a photograph, in units of the object: the size of things is not in a single image.

    With depths in the observation also the scale is found. ``guesses`` are object-to-camera rotations to try beside the
    spread of views. ``tell`` is shown the poses of every step.
    """
    shape = shape.to(observation.mask)
    candidates = joined_candidates(shape, observation, settings.views, guesses)
    poses = best_starts(shape, observation, candidates, settings.starts, settings.weights)
    rates = [stage.rate for stage in settings.stages] + [settings.last_rate]
    for number, stage in enumerate(settings.stages):
        if number:
            losses, _ = judged(shape, observation.at(stage.side), poses, stage.softness, settings.weights)
            poses = poses.take(distinct(losses, poses, stage.poses, apart=5.0))
        poses = descend(
            shape, observation, poses, stage, rates[number + 1], settings, 0 if number else settings.hold, tell
        )
    losses, ious = judged(shape, observation, poses, settings.stages[-1].softness, settings.weights)
    order = losses.argsort()
    return Hypotheses(poses.take(order), losses[order], ious[order])


def descend(
    shape: ShapeGrid,
    observation: Observation,
    poses: Poses,
    stage: Stage,
    last_rate: float,
    settings: SolverSettings,
    hold: int = 0,
    tell: Callable[[Poses], None] = lambda poses: None,
) -> Poses:
    """The poses after the steps of a stage, each on its own."""
    small = observation.at(stage.side)
    twists = poses.scales.new_zeros(len(poses.scales), 6, requires_grad=True)
    log_scales = torch.zeros_like(poses.scales, requires_grad=small.depth is not None)
    optimizer = torch.optim.Adam([twists] + [log_scales] * log_scales.requires_grad, lr=stage.rate)
    decay = (last_rate / stage.rate) ** (1.0 / stage.steps)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, decay)
    for step in range(stage.steps):
        moved = poses.moved(twists, log_scales)
        losses = compared(shape, small, moved, stage.softness, settings.weights)[0]
        optimizer.zero_grad()
        losses.sum().backward()
        if step < hold and twists.grad is not None:
            twists.grad[:, 3:] = 0.0
        optimizer.step()
        schedule.step()
        tell(moved.detach())
    return poses.moved(twists, log_scales).detach()


def compared(
    shape: ShapeGrid, observation: Observation, poses: Poses, softness: float, weights: PoseLossWeights
) -> tuple[Float[Tensor, " poses"], Float[Tensor, " poses"]]:
    """(losses, IoU of the silhouettes) of poses in all pixels of an observation."""
    measured = Measured(
        observation.mask.view(1, -1),
        observation.colors.view(1, -1, 3),
        None if observation.depth is None else observation.depth.view(1, -1),
    )
    width = softness * poses.scales.new_tensor([observation.pixel])
    rendered = render(shape, poses, observation.directions[None], width)
    return pose_losses(rendered, measured, poses, weights), silhouette_iou(rendered, measured.mask)


@torch.no_grad()
def judged(
    shape: ShapeGrid, observation: Observation, poses: Poses, softness: float, weights: PoseLossWeights
) -> tuple[Float[Tensor, " poses"], Float[Tensor, " poses"]]:
    """:func:`compared`, without gradients."""
    return compared(shape, observation, poses, softness, weights)
