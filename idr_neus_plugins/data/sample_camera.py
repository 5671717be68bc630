"""Photographing a solid: cameras around it and anti-aliased pictures by sphere tracing."""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor
from torch.nn.functional import normalize

from idr_neus_plugins.core.camera import look_at
from idr_neus_plugins.data.solids.paints import glazed
from idr_neus_plugins.data.solids.solid import Solid

SUPERSAMPLING = 2
RAYS_AT_ONCE = 1 << 17
"""Enough to keep the last steps, with few rays left, from costing more than the first."""

SMALLEST_STEP = 4e-4
"""A tenth of a pixel: rays that graze an edge pass it and reach what is behind."""

LIGHTS = (((-0.5, -0.6, 0.75), 0.65), ((0.8, 0.3, 0.2), 0.30), ((0.0, 0.7, -0.7), 0.25))
"""(direction towards the light, strength); fixed in the scene."""
AMBIENT = 0.35
GROUND_HEIGHT, BACKDROP_RADIUS = -1.05, 7.0
"""Both lie outside the region of interest."""


def cameras_around(
    num_views: int, size: int, lowest_deg: float
) -> tuple[Float[np.ndarray, "3 3"], Float[np.ndarray, "views 4 4"]]:
    """(K with pixel centres on half-integers, camera-to-scene [OpenCV]): a spiral from ``lowest_deg`` up to 75 degrees.

    Successive views turn by a step that visits all sides, so that every k-th view is spread over all of them too.
    """
    heights = np.linspace(math.sin(math.radians(lowest_deg)), math.sin(math.radians(75.0)), num_views)
    heights = heights[np.argsort(np.argsort(np.arange(num_views) * 0.7548776662 % 1.0))]
    poses = []
    for view, height in enumerate(heights):
        angle, distance = view * math.pi * (3.0 - math.sqrt(5.0)), 3.0 + 0.25 * math.sin(5.0 * view)
        flat = math.sqrt(1.0 - height**2)
        place = distance * np.array([flat * math.cos(angle), flat * math.sin(angle), height])
        poses.append(look_at(place, target=np.zeros(3), up=np.array([0.0, 0.0, 1.0])))
    intrinsics = np.array([[1.55 * size, 0, 0.512 * size], [0, 1.53 * size, 0.494 * size], [0, 0, 1.0]])
    return intrinsics, np.stack(poses)


@torch.no_grad()
def photograph(
    solid: Solid,
    intrinsics: Float[np.ndarray, "3 3"],
    camera_to_scene: Float[np.ndarray, "4 4"],
    size: int,
    background: bool,
) -> tuple[UInt8[np.ndarray, "h w 3"], UInt8[np.ndarray, "h w"]]:
    """(picture, coverage 0 to 255) of ``size`` x ``size`` pixels, black or with a ground and a backdrop behind."""
    fine = size * SUPERSAMPLING
    y, x = (np.mgrid[:fine, :fine] + 0.5) / SUPERSAMPLING
    pixels = np.stack([x, y, np.ones_like(x)], -1).reshape(-1, 3)
    towards = pixels @ np.linalg.inv(intrinsics).T @ camera_to_scene[:3, :3].T
    directions = normalize(torch.from_numpy(towards).float(), dim=1)
    origin = torch.from_numpy(camera_to_scene[:3, 3]).float()
    batches = [_shade(solid, origin, batch, background) for batch in directions.split(RAYS_AT_ONCE)]
    color, coverage = (torch.cat(part) for part in zip(*batches, strict=True))
    return _average(color, fine).numpy(), _average(coverage.float()[:, None], fine)[..., 0].numpy()


def _average(values: Float[Tensor, "rays channels"], fine: int) -> UInt8[Tensor, "h w channels"]:
    size = fine // SUPERSAMPLING
    pixels = values.view(size, SUPERSAMPLING, size, SUPERSAMPLING, -1).mean(dim=(1, 3))
    return (pixels * 255.0).round().to(torch.uint8)


def _shade(
    solid: Solid, origin: Float[Tensor, " 3"], directions: Float[Tensor, "rays 3"], background: bool
) -> tuple[Float[Tensor, "rays 3"], Bool[Tensor, " rays"]]:
    distances, hit = trace(solid, origin, directions)
    color = _surroundings(origin.expand_as(directions), directions) if background else torch.zeros_like(directions)
    color[hit] = appearance(solid, origin + distances[hit, None] * directions[hit], directions[hit])
    return color, hit


def appearance(
    solid: Solid, points: Float[Tensor, "points 3"], directions: Float[Tensor, "points 3"]
) -> Float[Tensor, "points 3"]:
    """Colours in [0, 1] of points on the solid, lit by ``LIGHTS``, seen along unit ``directions`` into the scene."""
    normals, views = normalize(solid.gradients(points), dim=1), -directions
    shade, gloss = AMBIENT, 0.0
    for direction, strength in LIGHTS:
        light = normalize(points.new_tensor(direction), dim=0)
        shade = shade + strength * (normals @ light).clamp(min=0.0)[:, None]
        halfway = normalize(views + light, dim=1)
        gloss = gloss + strength * (normals * halfway).sum(1, keepdim=True).clamp(min=0.0) ** solid.gloss.shininess
    color = solid.paint(points) * shade
    if solid.gloss.mirrored:
        color = color + _share_mirrored(solid, normals, views) * (_mirrored(points, normals, directions) - color)
    return (color + solid.gloss.strength * gloss).clamp(0.0, 1.0)


def _share_mirrored(solid: Solid, normals: Tensor, views: Tensor) -> Float[Tensor, "points 1"]:
    """Fresnel's reflectance by Schlick's approximation (1994)."""
    least = solid.gloss.mirrored
    return least + (1.0 - least) * (1.0 - (normals * views).sum(1, keepdim=True)).clamp(0.0, 1.0) ** 5


def _mirrored(points: Tensor, normals: Tensor, directions: Tensor) -> Float[Tensor, "points 3"]:
    """The surroundings as a mirror in place of the surface would show them; the solid itself is not in them."""
    away = directions - 2.0 * (directions * normals).sum(1, keepdim=True) * normals
    return _surroundings(points, normalize(away, dim=1))


def trace(
    solid: Solid, origin: Float[Tensor, " 3"], directions: Float[Tensor, "rays 3"], precision: float = 1e-4
) -> tuple[Float[Tensor, " rays"], Bool[Tensor, " rays"]]:
    """(distance to the solid along unit rays, whether it is hit) by sphere tracing inside the bounding sphere."""
    ahead = -(directions @ origin)
    half_chord = (ahead**2 - origin @ origin + solid.bound**2).clamp(min=0.0).sqrt()
    distances, hit = ahead - half_chord, torch.zeros_like(ahead, dtype=torch.bool)
    active = (half_chord > 0).nonzero()[:, 0]
    for _ in range(256):
        sdf = solid.sdf(origin + distances[active, None] * directions[active])
        distances[active] += torch.where(sdf < precision, sdf, solid.nearest(sdf).clamp(min=SMALLEST_STEP))
        hit[active[sdf < precision]] = True
        active = active[(sdf >= precision) & (distances[active] < (ahead + half_chord)[active])]
        if len(active) == 0:
            break
    return distances, hit


def _surroundings(origins: Float[Tensor, "rays 3"], directions: Float[Tensor, "rays 3"]) -> Float[Tensor, "rays 3"]:
    """Colour of a ground plane and, above its horizon, of the sphere around everything."""
    ahead = -(directions * origins).sum(1)
    to_sphere = ahead + (ahead**2 - (origins * origins).sum(1) + BACKDROP_RADIUS**2).sqrt()
    to_ground = (GROUND_HEIGHT - origins[:, 2]) / directions[:, 2].clamp(max=-1e-6)
    points = origins + torch.minimum(to_sphere, to_ground)[:, None] * directions
    tint = torch.where(
        (to_ground < to_sphere)[:, None], points.new_tensor((0.8, 0.75, 0.6)), points.new_tensor((0.5, 0.6, 0.8))
    )
    return tint * (0.3 + 0.7 * glazed(points * 0.37 + 5.0))
