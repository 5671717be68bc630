"""Geometry and colour that are known exactly: the truth that renderers, samplers and models are held against."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize

from idr_neus_plugins.fields.geometry import GeometryField, GeometryOutput
from idr_neus_plugins.fields.radiance import RadianceField


class Plane(GeometryField):
    """Solid where z is above ``height``."""

    def __init__(self, height: float) -> None:
        super().__init__()
        self.height = height

    def forward(self, positions: Tensor) -> GeometryOutput:
        gradients = torch.zeros_like(positions)
        gradients[:, 2] = -1.0
        return GeometryOutput(self.height - positions[:, 2], gradients, None)


class Sphere(GeometryField):
    def __init__(self, radius: float, centre: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> None:
        super().__init__()
        self.radius, self.centre = radius, torch.tensor(centre)

    def forward(self, positions: Tensor) -> GeometryOutput:
        offsets = positions - self.centre
        return GeometryOutput(offsets.norm(dim=1) - self.radius, normalize(offsets, dim=1), None)

    def meet(self, origins: Tensor, directions: Tensor) -> tuple[Tensor, Tensor]:
        """Distance along unit rays to the surface (NaN where missed) and whether it is met."""
        offsets = origins - self.centre
        closest = -(offsets * directions).sum(1)
        gap = self.radius**2 - ((offsets + closest[:, None] * directions) ** 2).sum(1)
        return closest - gap.sqrt(), gap > 0


class NormalColors(RadianceField):
    """Colours that show the normal."""

    def forward(self, positions: Tensor, normals: Tensor, directions: Tensor, features: Tensor | None) -> Tensor:
        return 0.5 + 0.5 * normals


def rays_at(target_radius: float, count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Unit rays from a sphere of radius 3 to random points within ``target_radius`` of the origin."""
    generator = torch.Generator().manual_seed(seed)
    origins = 3.0 * normalize(torch.randn(count, 3, generator=generator), dim=1)
    targets = target_radius * (2.0 * torch.rand(count, 3, generator=generator) - 1.0)
    return origins, normalize(targets - origins, dim=1)
