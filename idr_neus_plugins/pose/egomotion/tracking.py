"""Cameras from objects: frame by frame from the last pose on, then objects and cameras together, then cameras alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.pose.egomotion.layout import SmallTrack, Track, layout_of, seen, world_pose
from idr_neus_plugins.pose.losses import PoseLossWeights, pose_losses
from idr_neus_plugins.pose.rendering import render
from idr_neus_plugins.pose.similarity import Poses, joined


@dataclass(frozen=True)
class Refinement:
    """Steps of Adam."""

    side: int
    steps: int
    rate: float
    last_rate: float
    softness: float = 0.4


@dataclass(frozen=True)
class TrackingSettings:
    follow: Refinement = Refinement(48, 30, 0.02, 0.002)
    """From one frame to the next."""
    together: Refinement = Refinement(32, 60, 0.01, 0.001, 0.5)
    """All cameras and the places of the objects."""
    cameras: Refinement = Refinement(64, 30, 0.004, 0.0005, 0.3)
    """All cameras, the objects fixed."""
    weights: PoseLossWeights = field(default_factory=PoseLossWeights)


def track(
    tracks: list[Track], first: Poses, settings: TrackingSettings, tell: Callable[[], None] = lambda: None
) -> tuple[Poses, Poses]:
    """(world to camera for every frame, objects to world) in units of the first object.

    Args:
        first: the objects before the camera of the first frame, one pose for each track.
        tell: called after every frame that is followed, and after each of the two refinements.
    """
    layout, cameras = layout_of(first), [world_pose(first)]
    frames = len(tracks[0].observations)
    for frame in range(1, frames):
        here = [each.only(frame) for each in tracks]
        cameras.append(refine(here, cameras[-1], layout, settings.follow, settings.weights)[0])
        tell()
    path = joined(cameras)
    path, layout = refine(tracks, path, layout, settings.together, settings.weights, with_layout=frames > 1)
    tell()
    path, _ = refine(tracks, path, layout, settings.cameras, settings.weights)
    tell()
    return path, layout


def refine(
    tracks: list[Track],
    cameras: Poses,
    layout: Poses,
    how: Refinement,
    weights: PoseLossWeights,
    with_layout: bool = False,
) -> tuple[Poses, Poses]:
    """(cameras, layout) after some steps; the first object stays where it is, it is the world."""
    small = [each.at(how.side) for each in tracks]
    twists = cameras.scales.new_zeros(len(cameras.scales), 6, requires_grad=True)
    shifts = layout.scales.new_zeros(len(layout.scales) - 1, 7, requires_grad=with_layout)
    optimizer = torch.optim.Adam([twists, shifts] if with_layout and len(shifts) else [twists], lr=how.rate)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, (how.last_rate / how.rate) ** (1.0 / how.steps))
    for _ in range(how.steps):
        moved, placed = _moved(cameras, twists), _shifted(layout, shifts)
        losses = scene_losses(small, moved, placed, replace(weights, depth=0.0), how.softness)
        optimizer.zero_grad()
        losses.sum().backward()
        optimizer.step()
        schedule.step()
    return _moved(cameras, twists).detach(), _shifted(layout, shifts).detach()


def scene_losses(
    tracks: list[SmallTrack], cameras: Poses, layout: Poses, weights: PoseLossWeights, softness: float
) -> Float[Tensor, " frames"]:
    """Sum over the objects."""
    total = torch.zeros_like(cameras.scales)
    for which, small in enumerate(tracks):
        poses = seen(cameras, layout, which)
        rendered = render(small.shape, poses, small.directions, softness * small.pixels)
        total = total + pose_losses(rendered, small.measured, poses, weights)
    return total


def _moved(cameras: Poses, twists: Float[Tensor, "frames 6"]) -> Poses:
    return cameras.moved(twists, torch.zeros_like(cameras.scales))


def _shifted(layout: Poses, shifts: Float[Tensor, "others 7"]) -> Poses:
    others = layout.take(torch.arange(1, len(layout.scales))).moved(shifts[:, :6], shifts[:, 6])
    return joined([layout.take(torch.arange(1)), others])
