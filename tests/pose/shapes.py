"""Shapes of exact distances, photographs of procedural ones, and poses for them."""

from __future__ import annotations

import numpy as np
import torch

from idr_neus_plugins.pose.scenes.single import Taken, single_view
from idr_neus_plugins.pose.shape_grid import REACH, ShapeGrid
from idr_neus_plugins.pose.similarity import Poses
from idr_neus_plugins.pose.starts import ViewSpread as Spread
from idr_neus_plugins.pose.starts import view_rotations
from tests.single_view.test_shapes import made


def lattice(nodes: int = 49) -> torch.Tensor:
    axis = torch.linspace(-REACH, REACH, nodes, dtype=torch.float64)
    return torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1)


def ball(radius: float = 0.6) -> ShapeGrid:
    """Red, green and blue grow along x, y and z."""
    places = lattice()
    return ShapeGrid((places.norm(dim=-1) - radius).float(), (0.5 + 0.4 * places).movedim(-1, 0).float())


def waves() -> ShapeGrid:
    """A lopsided, smooth body without any symmetry, of double precision."""
    places = lattice()
    stretched = places * torch.tensor([1.0, 1.5, 1.2], dtype=torch.float64)
    sdf = 0.45 * (
        stretched.norm(dim=-1) - 0.7 + 0.1 * torch.sin(3 * places[..., 0] + 1) * torch.cos(4 * places[..., 2])
    )
    return ShapeGrid(sdf, (0.5 + 0.3 * torch.sin(2 * places)).movedim(-1, 0))


def poses(count: int = 2, dtype: torch.dtype = torch.float64) -> Poses:
    rotations = view_rotations(Spread(5, (20.0,), (3.0,)))[:count].to(dtype)
    places = torch.tensor([[0.05, -0.1, 2.6], [0.1, 0.07, 2.9]], dtype=dtype)[:count]
    return Poses(rotations, places, torch.tensor([1.0, 1.1], dtype=dtype)[:count])


def pixel_rays(side: int, focal: float, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """Through the pixels of a square picture, depth 1."""
    places = (torch.arange(side, dtype=dtype) + 0.5 - side / 2) / focal
    y, x = torch.meshgrid(places, places, indexing="ij")
    return torch.stack([x, y, torch.ones_like(x)], -1).view(-1, 3)


def taken(category: str, seed: int = 0, size: int = 160) -> Taken:
    return single_view(made(category, seed), size, np.random.default_rng(seed + 7))
