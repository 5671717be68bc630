"""Single photographs, each of its own object."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

from idr_neus_plugins.core.camera import look_at
from idr_neus_plugins.pose.scenes.placed_object import PlacedObject, camera_of, is_whole, place_on_ground
from idr_neus_plugins.single_view.shapes.shape import Shape

SIZES, DISTANCES = (0.4, 1.2), (2.5, 3.5)
"""World units per object unit; object units from the camera to about the object's middle."""
ELEVATIONS, ROLL, ASIDE = (5.0, 45.0), 10.0, 0.2
"""Degrees above the horizon; degrees in the image; object units by which the camera looks past the middle."""
MARGIN, TRIES = 3, 50


class Taken(NamedTuple):
    image: UInt8[np.ndarray, "h w 4"]
    camera_to_world: Float[np.ndarray, "4 4"]
    object: PlacedObject


def single_view(shape: Shape, size: int, rng: np.random.Generator) -> Taken:
    """The shape anywhere on the ground, from any side, the whole of it in the picture."""
    placed = place_on_ground(shape, tuple(rng.uniform(-2, 2, 2)), rng.uniform(0, 2 * math.pi), rng.uniform(*SIZES))
    for _ in range(TRIES):
        camera_to_world = _any_camera(placed, rng)
        image = placed.photograph(camera_of(camera_to_world, size))
        if is_whole(image, MARGIN):
            return Taken(image, camera_to_world, placed)
    raise RuntimeError(f"No camera of {TRIES} sees the whole object.")


def _any_camera(placed: PlacedObject, rng: np.random.Generator) -> Float[np.ndarray, "4 4"]:
    azimuth, elevation = rng.uniform(0, 2 * math.pi), math.radians(rng.uniform(*ELEVATIONS))
    flat = math.cos(elevation)
    towards = np.array([flat * math.cos(azimuth), flat * math.sin(azimuth), math.sin(elevation)])
    place = placed.middle + placed.size * rng.uniform(*DISTANCES) * towards
    target = placed.middle + placed.size * rng.uniform(-ASIDE, ASIDE, 3)
    return look_at(place, target, np.array([0.0, 0.0, 1.0])) @ rolled(math.radians(rng.uniform(-ROLL, ROLL)))


def rolled(angle: float) -> Float[np.ndarray, "4 4"]:
    """A turn about the optical axis."""
    matrix = np.eye(4)
    matrix[:2, :2] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    return matrix
