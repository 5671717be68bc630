"""Where a search begins: views from all around, each placed so that it fills the mask, the best that differ."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.core.camera import look_at
from idr_neus_plugins.pose.comparison import Comparison
from idr_neus_plugins.pose.ground import upright_rotations
from idr_neus_plugins.pose.observation import Observation
from idr_neus_plugins.pose.prior import facing
from idr_neus_plugins.pose.shape_grid import ShapeGrid
from idr_neus_plugins.pose.similarity import Poses, rotation_distances
from idr_neus_plugins.single_view.fields.pose import DISTANCE

SIDE, SOFTNESS = 24, 0.7
"""Of the pictures in which candidates are compared: pixels across, and the border's width in pixels."""
POINTS = 400
"""Of the surface, to tell where a candidate would be in the picture."""
PLACINGS = 4
LIKELY = 4
"""ViewSpread of the highest probability, beside the spread."""
UPRIGHT = 72
"""ViewSpread of an object whose upright axis is known."""
APART = 25.0
"""Degrees between starts."""


@dataclass(frozen=True)
class ViewSpread:
    """A spread of views, degrees. All of it is looked at, which costs a few tenths of a second."""

    azimuths: int = 24
    elevations: tuple[float, ...] = (-15.0, 0.0, 15.0, 30.0, 45.0, 60.0)
    """Above the horizon of the object."""
    rolls: tuple[float, ...] = (-15.0, 0.0, 15.0)
    """In the plane of the image."""


def view_rotations(views: ViewSpread) -> Float[Tensor, "views 3 3"]:
    """Object-to-camera rotations of cameras that look at the origin from all around."""
    rotations = []
    for azimuth in 2 * math.pi * np.arange(views.azimuths) / views.azimuths:
        for elevation in np.radians(views.elevations):
            flat = math.cos(elevation)
            place = np.array([flat * math.cos(azimuth), flat * math.sin(azimuth), math.sin(elevation)])
            upright = look_at(place, np.zeros(3), np.array([0.0, 0.0, 1.0]))[:3, :3].T
            rotations += [_rolled(math.radians(roll)) @ upright for roll in views.rolls]
    return torch.from_numpy(np.stack(rotations)).float()


def placed(shape: ShapeGrid, rotations: Float[Tensor, "poses 3 3"], observation: Observation) -> Poses:
    """Before the camera so that the shape's box in the picture has the middle and the size of the mask's; scale 1."""
    points = shape.surface_points(POINTS)
    inside = (observation.mask > 0.5).nonzero().flip(1).to(points)
    low, high = inside.amin(0), inside.amax(0) + 1.0
    aim, size = 0.5 * (low + high), (high - low).norm()
    turned = points @ rotations.mT
    places = points.new_tensor([0.0, 0.0, DISTANCE]).repeat(len(rotations), 1)
    focal = observation.intrinsics[0, 0]
    for _ in range(PLACINGS):
        before = turned + places[:, None]
        seen = before @ observation.intrinsics.T
        pixels = seen[..., :2] / seen[..., 2:].clamp(min=0.1)
        first, last = pixels.amin(1), pixels.amax(1)
        shift = (aim - 0.5 * (first + last)) * places[:, 2:] / focal
        places = torch.cat([places[:, :2] + shift, places[:, 2:]], 1)
        places = (places * ((last - first).norm(dim=1) / size)[:, None]).clamp(-50.0, 50.0)
        places = torch.cat([places[:, :2], places[:, 2:].clamp(min=1.2)], 1)
    return Poses(rotations, places, torch.ones_like(places[:, 0]))


def joined_candidates(compare: Comparison, views: ViewSpread) -> Poses:
    """ViewSpread from all around, placed; as far away as depths say."""
    observation = compare.observation
    if observation.up is not None:
        rotations = upright_rotations(observation.up, UPRIGHT)
    else:
        rotations = _spread(compare, views)
    poses = placed(compare.shape, rotations, observation)
    if observation.depth is None or not bool(observation.depth.any()):
        return poses
    return poses.rescaled(observation.depth[observation.depth > 0].median() / poses.translations[:, 2])


def _spread(compare: Comparison, views: ViewSpread) -> Float[Tensor, "views 3 3"]:
    """The likely views, if somebody knows any, and all the others."""
    spread = view_rotations(views)
    if compare.prior is not None:
        spread = torch.cat([compare.prior.likely(LIKELY), spread])
    # The camera does not look straight at the object, but past it, by the direction of the window's middle.
    middle = compare.observation.directions.mean(0, keepdim=True)
    return facing(middle).mT @ spread.to(middle)


def best_starts(compare: Comparison, candidates: Poses, count: int) -> Poses:
    """The ``count`` candidates that look most like the photograph and are :data:`APART` from each other."""
    losses, _ = compare.at(SIDE).judged(candidates, SOFTNESS)
    return candidates.take(distinct(losses, candidates, count))


def distinct(losses: Float[Tensor, " poses"], poses: Poses, count: int, apart: float = APART) -> Tensor:
    """Indices of the ``count`` lowest losses, leaving out poses turned by less than ``apart`` from a better one."""
    losses, chosen = losses.clone(), []
    while len(chosen) < count and bool(losses.isfinite().any()):
        best = int(losses.argmin())
        chosen.append(best)
        losses[rotation_distances(poses.rotations, poses.rotations[best][None]) < apart] = torch.inf
    return torch.tensor(chosen)


def _rolled(angle: float) -> Float[np.ndarray, "3 3"]:
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
