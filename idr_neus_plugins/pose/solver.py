"""From a shape and a photograph to poses: many views compared, the best ones descended from, coarse to fine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.pose.comparison import Comparison
from idr_neus_plugins.pose.ground import without_tilt
from idr_neus_plugins.pose.losses import PoseLossWeights
from idr_neus_plugins.pose.observation import Observation
from idr_neus_plugins.pose.prior import ViewPrior
from idr_neus_plugins.pose.shape_grid import ShapeGrid
from idr_neus_plugins.pose.similarity import Poses
from idr_neus_plugins.pose.starts import ViewSpread, best_starts, distinct, joined_candidates


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
    hold: int = 0
    """Steps at the beginning in which nothing is turned."""
    stretches: bool = False
    """Whether a shape of uncertain proportions is stretched along its axes, too."""


@dataclass(frozen=True)
class SolverSettings:
    """The paper's Adam at 0.1 and at most 200 steps, spent from coarse to fine. The paper holds rotations for 30 steps,
    but its starts are not placed."""

    views: ViewSpread = field(default_factory=ViewSpread)
    starts: int = 8
    stages: tuple[Stage, ...] = (
        Stage(32, 8, 45, 0.1, 0.5, hold=10),
        Stage(48, 3, 35, 0.02, 0.35, stretches=True),
        Stage(96, 2, 25, 0.006, 0.22, stretches=True),
    )
    last_rate: float = 0.0005
    weights: PoseLossWeights = field(default_factory=PoseLossWeights)


@dataclass(frozen=True)
class Hypotheses:
    """The best first."""

    poses: Poses
    losses: Float[Tensor, " poses"]
    ious: Float[Tensor, " poses"]
    """Of the silhouettes."""
    stretches: Float[Tensor, "poses 3"]
    """Of the shape along its axes; ones for a shape that is known."""

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
    prior: ViewPrior | None = None,
    tell: Callable[[Poses], None] = lambda poses: None,
) -> Hypotheses:
    """Poses of a shape in a photograph, in units of the object: the size of things is not in a single image.

    With depths in the observation also the scale is found. A shape that comes with a ``prior`` of its view is a
    guess itself: its proportions may change. ``tell`` is shown the poses of every step.
    """
    compare = Comparison(shape.to(observation.mask), observation, settings.weights, prior)
    poses = best_starts(compare, joined_candidates(compare, settings.views), settings.starts)
    stretches = torch.ones_like(poses.translations)
    rates = [stage.rate for stage in settings.stages] + [settings.last_rate]
    for number, stage in enumerate(settings.stages):
        if number:
            losses, _ = compare.at(stage.side).judged(poses, stage.softness, stretches)
            best = distinct(losses, poses, stage.poses, apart=5.0)
            poses, stretches = poses.take(best), stretches[best]
        stage = replace(stage, stretches=stage.stretches and prior is not None)
        poses, stretches = descend(compare, poses, stretches, stage, rates[number + 1], tell)
    losses, ious = compare.judged(poses, settings.stages[-1].softness, stretches)
    order = losses.argsort()
    return Hypotheses(poses.take(order), losses[order], ious[order], stretches[order])


def descend(
    compare: Comparison,
    poses: Poses,
    stretches: Float[Tensor, "poses 3"],
    stage: Stage,
    last_rate: float,
    tell: Callable[[Poses], None] = lambda poses: None,
) -> tuple[Poses, Float[Tensor, "poses 3"]]:
    """(poses, stretches) after the steps of a stage, each on its own."""
    small = compare.at(stage.side)
    twists = poses.scales.new_zeros(len(poses.scales), 6, requires_grad=True)
    log_scales = torch.zeros_like(poses.scales, requires_grad=small.observation.depth is not None)
    log_stretches = stretches.log().requires_grad_(stage.stretches)
    free = [each for each in (twists, log_scales, log_stretches) if each.requires_grad]
    optimizer = torch.optim.Adam(free, lr=stage.rate)
    decay = (last_rate / stage.rate) ** (1.0 / stage.steps)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, decay)
    up = small.observation.up

    def allowed(twists: Tensor) -> Tensor:
        return twists if up is None else without_tilt(twists, up)

    for step in range(stage.steps):
        moved = poses.moved(allowed(twists), log_scales)
        losses = small(moved, stage.softness, log_stretches.exp())[0]
        optimizer.zero_grad()
        losses.sum().backward()
        if step < stage.hold and twists.grad is not None:
            twists.grad[:, 3:] = 0.0
        optimizer.step()
        schedule.step()
        tell(moved.detach())
    return poses.moved(allowed(twists), log_scales).detach(), log_stretches.detach().exp()
