"""Photographs of a shape: RGBA pictures under a fixed light, and their cameras."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, UInt8

from idr_neus_plugins.core.camera import Camera, look_at
from idr_neus_plugins.meshing.rendering import MeshRenderer

FOCAL = 1.2
"""Focal length in widths of the image: the unit sphere's inside at the nearest distance fills it."""
DISTANCES, ELEVATIONS = (2.45, 2.9), (0.0, 45.0)
"""Scene units, degrees above the horizon."""
LIGHTS = (((-0.5, -0.6, 0.75), 0.5), ((0.8, 0.3, 0.2), 0.2))
"""(direction towards the light, strength), fixed in the scene."""
AMBIENT = 0.5


def random_camera(rng: np.random.Generator, size: int) -> Camera:
    """Looks at the origin from any side, from the horizon to 45 degrees above it."""
    azimuth, elevation = rng.uniform(0.0, 2 * math.pi), math.radians(rng.uniform(*ELEVATIONS))
    return orbit_camera(azimuth, elevation, rng.uniform(*DISTANCES), size)


def orbit_camera(azimuth: float, elevation: float, distance: float, size: int) -> Camera:
    """Looks at the origin; angles in radians, azimuth from the x axis towards y."""
    flat = math.cos(elevation)
    position = distance * np.array([flat * math.cos(azimuth), flat * math.sin(azimuth), math.sin(elevation)])
    intrinsics = np.array([[FOCAL * size, 0.0, size / 2], [0.0, FOCAL * size, size / 2], [0.0, 0.0, 1.0]])
    return Camera(intrinsics, look_at(position, np.zeros(3), np.array([0.0, 0.0, 1.0]))[:3], (size, size))


def photograph(renderer: MeshRenderer, camera: Camera) -> UInt8[np.ndarray, "h w 4"]:
    """Lit colours where the shape is, straight alpha."""
    picture = renderer(camera, rays_across=2)
    albedo = picture.rgb / picture.accumulation.clip(min=1e-6)
    lit = np.where(picture.accumulation > 0, albedo * _light(picture.normals), 0.0)
    return (np.concatenate([lit, picture.accumulation], 2).clip(0, 1) * 255).round().astype(np.uint8)


def _light(normals: Float[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w 1"]:
    unit = normals / np.linalg.norm(normals, axis=2, keepdims=True).clip(min=1e-6)
    light = np.full((*normals.shape[:2], 1), AMBIENT)
    for direction, strength in LIGHTS:
        towards = np.array(direction) / np.linalg.norm(direction)
        light += strength * (unit @ towards).clip(min=0.0)[..., None]
    return light
