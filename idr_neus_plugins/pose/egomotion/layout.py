"""Objects and cameras in one world, that of the first object: its frame, and its unit of length."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.pose.losses import ObservedRays
from idr_neus_plugins.pose.observation import Observation
from idr_neus_plugins.pose.shape_grid import ShapeGrid
from idr_neus_plugins.pose.similarity import Poses


@dataclass(frozen=True)
class Track:
    """One object, and its observations in all frames."""

    shape: ShapeGrid
    observations: tuple[Observation, ...]

    def only(self, frame: int) -> Track:
        return Track(self.shape, self.observations[frame : frame + 1])

    def at(self, side: int) -> SmallTrack:
        small = [observation.at(side) for observation in self.observations]
        measured = ObservedRays(
            torch.stack([each.mask.view(-1) for each in small]),
            torch.stack([each.colors.view(-1, 3) for each in small]),
        )
        pixels = small[0].mask.new_tensor([each.pixel for each in small])
        return SmallTrack(self.shape, torch.stack([each.directions for each in small]), pixels, measured)


@dataclass(frozen=True)
class SmallTrack:
    """The same in the pixels that are compared."""

    shape: ShapeGrid
    directions: Float[Tensor, "frames rays 3"]
    pixels: Float[Tensor, " frames"]
    """Their widths at depth 1."""
    measured: ObservedRays


def layout_of(poses: Poses) -> Poses:
    """Objects to the frame of the first one, from all of them before one camera."""
    first = poses.rotations[0]
    apart = (poses.translations - poses.translations[0]) @ first / poses.scales[0]
    return Poses(first.T @ poses.rotations, apart, poses.scales / poses.scales[0])


def world_pose(poses: Poses) -> Poses:
    """World to camera: where the first object is, in its units."""
    scale = poses.scales[:1]
    return Poses(poses.rotations[:1], poses.translations[:1] / scale, torch.ones_like(scale))


def seen(cameras: Poses, layout: Poses, which: int) -> Poses:
    """One object before each camera."""
    rotation, place, scale = layout.rotations[which], layout.translations[which], layout.scales[which]
    places = cameras.rotations @ place + cameras.translations
    return Poses(cameras.rotations @ rotation, places, scale.expand(len(places)))
