"""Analytic signed distances for the meshing tests; scene units, negative inside."""

from __future__ import annotations

import torch
from torch import Tensor

REGION = torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]])


def sphere(radius: float = 0.6, center: tuple[float, float, float] = (0.0, 0.0, 0.0)):
    return lambda p: (p - torch.tensor(center)).norm(dim=-1) - radius


def torus(major: float = 0.6, minor: float = 0.25):
    return lambda p: torch.hypot(torch.hypot(p[:, 0], p[:, 1]) - major, p[:, 2]) - minor


def box(*half: float):
    def sdf(p: Tensor) -> Tensor:
        q = p.abs() - torch.tensor(half)
        return q.clamp(min=0).norm(dim=-1) + q.amax(-1).clamp(max=0)

    return sdf


def union(*parts):
    return lambda p: torch.stack([part(p) for part in parts]).amin(0)
