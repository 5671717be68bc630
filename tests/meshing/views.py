"""Photographs of analytic shapes: cameras on a circle or all around, and exact silhouettes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from idr_neus_plugins.core.camera import Camera, look_at
from idr_neus_plugins.core.surface import Surface, SurfaceHits, trace_surface
from idr_neus_plugins.core.views import Views


def looking_at_origin(position: np.ndarray, size: int = 64, focal: float = 80.0) -> Camera:
    """A square image whose centre is the origin."""
    steep = abs(position[2]) > 0.9 * np.linalg.norm(position)
    pose = look_at(position, target=np.zeros(3), up=np.eye(3)[1 if steep else 2])
    intrinsics = np.array([[focal, 0, size / 2], [0, focal, size / 2], [0, 0, 1]])
    return Camera(intrinsics, pose[:3], (size, size))


def around(count: int, distance: float = 3.0, **options) -> list[Camera]:
    """Cameras spread evenly over a sphere."""
    steps = np.arange(count) + 0.5
    height, angle = 1 - 2 * steps / count, np.pi * (1 + 5**0.5) * steps
    radius = np.sqrt(1 - height**2)
    places = distance * np.stack([radius * np.cos(angle), radius * np.sin(angle), height], 1)
    return [looking_at_origin(place, **options) for place in places]


def photograph(cameras: list[Camera], look: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]):
    """Training views of ``look``: (camera centre [3], directions [n, 3]) -> (colours [n, 3] in [0, 1], met [n])."""
    images, masks = [], []
    for camera in cameras:
        colors, met = look(camera.centre, camera.rays(camera.pixel_centres()))
        images.append((255 * colors * met[:, None]).round().astype(np.uint8).reshape(*camera.size, 3))
        masks.append((255 * met).astype(np.uint8).reshape(camera.size))
    return Views(
        intrinsics=torch.tensor(np.stack([camera.intrinsics for camera in cameras])).float(),
        camera_to_scene=torch.tensor(np.stack([camera.camera_to_scene for camera in cameras])).float(),
        sizes=torch.tensor([camera.size for camera in cameras]),
        images=torch.from_numpy(np.stack(images)),
        foreground=torch.from_numpy(np.stack(masks)),
        is_pinhole=True,
    )


def painted_sphere(radius: float, paint: Callable[[np.ndarray], np.ndarray]):
    """A look at a sphere around the origin with colours ``paint``: positions [n, 3] -> [n, 3]."""

    def look(centre: np.ndarray, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        squared = (directions**2).sum(1)
        along = -(directions @ centre) / squared
        gap = radius**2 - ((centre + along[:, None] * directions) ** 2).sum(1)
        met = gap > 0
        first = along - np.sqrt(gap.clip(min=0) / squared)
        return paint(centre + first[:, None] * directions), met

    return look


class SphereSurface(Surface):
    """A sphere that is red where x is positive and blue elsewhere."""

    def __init__(self, radius: float = 0.5, world_scale: float = 10.0) -> None:
        self.radius = radius
        self.region = torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]])
        self.world_from_scene = torch.diag(torch.tensor([world_scale] * 3 + [1.0], dtype=torch.float64))

    def sdf(self, positions: Tensor) -> Tensor:
        return positions.norm(dim=-1) - self.radius

    def normals(self, positions: Tensor) -> Tensor:
        return torch.nn.functional.normalize(positions, dim=-1)

    def colors(self, positions: Tensor) -> Tensor:
        red = (positions[:, :1] > 0).float()
        return torch.cat([red, torch.zeros_like(red), 1 - red], 1)

    def radiance(self, positions: Tensor, directions: Tensor) -> Tensor:
        return self.colors(positions)

    def trace(self, origins: Tensor, directions: Tensor) -> SurfaceHits:
        return trace_surface(self, origins, directions)
