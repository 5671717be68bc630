"""From where an object is seen, as probabilities: of a table seen from its side, four answers may be true at once.

Names: *azimuth* (from the scene's x axis towards y) and *elevation* are those of the camera as seen from the object,
*roll* is the turn of the picture about the optical axis, clockwise. A head that regresses a rotation (``PoseHead``)
answers with the mean of what is possible, which is often impossible itself.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

BINS = 36
"""Of each angle."""
RANGES = ((-math.pi, math.pi), (-math.pi / 2, math.pi / 2), (-math.pi / 4, math.pi / 4))
"""Of azimuth, elevation and roll, radians; the first one is a circle."""

LogProbabilities = Float[Tensor, "images 3 bins"]
"""Of azimuth, elevation and roll, whatever the other two are."""


class ViewHead(nn.Module):
    """Code of an image -> log-probabilities of its view."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(code, 128), nn.ReLU(), nn.Linear(128, 3 * BINS))

    def forward(self, code: Float[Tensor, "images code"]) -> LogProbabilities:
        return functional.log_softmax(self.layers(code).unflatten(1, (3, BINS)), dim=2)


class ViewAngles(NamedTuple):
    """Radians."""

    azimuth: Float[Tensor, " views"]
    elevation: Float[Tensor, " views"]
    roll: Float[Tensor, " views"]


def view_angles(rotations: Float[Tensor, "views 3 3"]) -> ViewAngles:
    """Of scene-to-camera rotations (OpenCV axes) of cameras that look at the origin."""
    towards, up = -rotations[:, 2], rotations[:, :, 2]
    elevation = torch.asin(towards[:, 2].clamp(-1 + 1e-6, 1 - 1e-6))
    return ViewAngles(torch.atan2(towards[:, 1], towards[:, 0]), elevation, torch.atan2(up[:, 0], -up[:, 1]))


def view_rotations(angles: ViewAngles) -> Float[Tensor, "views 3 3"]:
    """The inverse of :func:`view_angles`."""
    azimuth, elevation, roll = angles
    zero, flat = torch.zeros_like(azimuth), elevation.cos()
    forward = -torch.stack([flat * azimuth.cos(), flat * azimuth.sin(), elevation.sin()], 1)
    right = torch.stack([-azimuth.sin(), azimuth.cos(), zero], 1)
    level = torch.stack([right, torch.linalg.cross(forward, right), forward], 1)
    return rolled(roll) @ level


def rolled(angles: Float[Tensor, " views"]) -> Float[Tensor, "views 3 3"]:
    """Turns about the optical axis."""
    zero, one = torch.zeros_like(angles), torch.ones_like(angles)
    cosine, sine = angles.cos(), angles.sin()
    return torch.stack([cosine, -sine, zero, sine, cosine, zero, zero, zero, one], 1).view(-1, 3, 3)


def surprise(
    log_probabilities: Float[Tensor, "#views 3 bins"], rotations: Float[Tensor, "views 3 3"]
) -> Float[Tensor, " views"]:
    """-log p of views, linear between the bins' middles: a loss, and what speaks against a pose; differentiable."""
    angles = view_angles(rotations)
    shares = torch.stack([_shares(angles[which], RANGES[which], circle=which == 0) for which in range(3)], 1)
    return -(shares * log_probabilities).sum((1, 2))


def bin_middles(which: int) -> Float[Tensor, " bins"]:
    """Radians; 0, 1, 2 for azimuth, elevation, roll."""
    low, high = RANGES[which]
    return low + (torch.arange(BINS) + 0.5) * (high - low) / BINS


def seen_in_mirror(log_probabilities: LogProbabilities) -> LogProbabilities:
    """Those of the image whose left and right, and the scene's (x), are exchanged: azimuths a become pi - a."""
    azimuth, elevation, roll = log_probabilities.unbind(1)
    half = BINS // 2
    return torch.stack([azimuth.flip(1).roll(half, 1), elevation, roll.flip(1)], 1)


def _shares(angles: Float[Tensor, " views"], bounds: tuple[float, float], circle: bool) -> Float[Tensor, "views bins"]:
    """How much of each angle falls to the two bins beside it."""
    low, high = bounds
    place = (angles - low) / (high - low) * BINS - 0.5
    place = place % BINS if circle else place.clamp(0.0, BINS - 1.0)
    apart = (place[:, None] - torch.arange(BINS).to(place)).abs()
    if circle:
        apart = torch.minimum(apart, BINS - apart)
    return (1.0 - apart).clamp(min=0.0)
