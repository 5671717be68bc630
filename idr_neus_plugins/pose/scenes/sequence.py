"""A camera that moves past several objects on the ground, and sees all of them all the time."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.core.camera import look_at
from idr_neus_plugins.pose.scenes.placed_object import PlacedObject, place_on_ground
from idr_neus_plugins.single_view.shapes.shape import Shape

SIZES, SPACING = (0.35, 0.5), 1.25
"""World units per object unit; metres between neighbours."""
DISTANCE, ELEVATIONS = 1.9, (18.0, 34.0)
"""Metres from their middle per object and one; degrees above the horizon."""


def in_a_row(shapes: list[Shape], rng: np.random.Generator) -> list[PlacedObject]:
    """Beside each other along x, so that none hides another from a camera in front of the row."""
    middle = 0.5 * (len(shapes) - 1)
    return [
        place_on_ground(
            shape,
            (SPACING * (place - middle), rng.uniform(-0.15, 0.15)),
            rng.uniform(0.0, 2 * math.pi),
            rng.uniform(*SIZES),
        )
        for place, shape in enumerate(shapes)
    ]


def sweep(objects: list[PlacedObject], frames: int, degrees: float) -> list[Float[np.ndarray, "4 4"]]:
    """Camera-to-world along an arc of so many degrees in front of the row, which rises and falls and comes nearer."""
    target = np.mean([each.middle for each in objects], axis=0)
    poses = []
    for share in np.linspace(0.0, 1.0, frames):
        azimuth = math.radians(-90.0 + degrees * (share - 0.5))
        low, high = ELEVATIONS
        elevation = math.radians(0.5 * (low + high) + 0.5 * (high - low) * math.sin(3 * math.pi * share))
        distance = DISTANCE * (0.5 + 0.5 * len(objects)) * (1.0 - 0.08 * math.sin(math.pi * share))
        flat = math.cos(elevation)
        towards = np.array([flat * math.cos(azimuth), flat * math.sin(azimuth), math.sin(elevation)])
        poses.append(look_at(target + distance * towards, target, np.array([0.0, 0.0, 1.0])))
    return poses
