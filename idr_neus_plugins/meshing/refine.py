"""Vertices onto the exact zero set: marching cubes leaves them where a linear interpolation crosses zero."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.meshing.sample_lattice import SDF

Normals = Callable[[Tensor], Tensor]
"""Positions [n, 3] in scene units -> unit outward normals [n, 3]."""

STEPS = 4
"""Secant steps; marching cubes starts them within a few hundredths of a cell."""


@torch.no_grad()
def refine_vertices(
    vertices: np.ndarray, faces: np.ndarray, sdf: SDF, normals: Normals, cell: float, device: torch.device
) -> np.ndarray:
    """Vertices [n, 3] moved along their normals to where ``sdf`` vanishes, by at most half a ``cell`` (scene units).

    A vertex stays where that would turn over one of its ``faces`` [m, 3]: the cells' slivers are thinner than their
    vertices' error.
    """
    moved = np.concatenate(
        [
            onto_zero(torch.from_numpy(np.asarray(part, np.float32)).to(device), sdf, normals, cell / 2).cpu().numpy()
            for part in np.array_split(vertices, len(vertices) // 65536 + 1)
        ]
    ).astype(np.float64)
    return _without_flips(vertices, moved, faces)


def onto_zero(start: Float[Tensor, "points 3"], sdf: SDF, normals: Normals, reach: float) -> Float[Tensor, "points 3"]:
    """Secant steps along fixed normals, at most ``reach`` far; of all places visited, that with the smallest |sdf|."""
    directions = normals(start)
    before, value_before = torch.zeros(len(start), device=start.device), sdf(start)
    best, smallest = before, value_before.abs()
    here = (-value_before).clamp(-reach, reach)
    for _ in range(STEPS):
        value = sdf(start + here[:, None] * directions)
        closer = value.abs() < smallest
        best, smallest = torch.where(closer, here, best), torch.where(closer, value.abs(), smallest)
        slope = (value - value_before) / (here - before)
        step = torch.where(slope.isfinite() & (slope.abs() > 1e-3), value / slope, torch.zeros_like(value))
        before, value_before, here = here, value, (here - step).clamp(-reach, reach)
    return start + best[:, None] * directions


def _without_flips(old: np.ndarray, new: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """``new`` vertices, but the ``old`` ones at faces that would look the other way; repeated until none does."""
    new, facing = new.copy(), _cross(old, faces)
    while True:
        turned = np.einsum("ij,ij->i", facing, _cross(new, faces)) <= 0
        stuck = np.unique(faces[turned & (facing != 0).any(1)])
        stuck = stuck[(new[stuck] != old[stuck]).any(1)]
        if not len(stuck):
            return new
        new[stuck] = old[stuck]


def _cross(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    a, b, c = (vertices[corner] for corner in faces.T)
    return np.cross(b - a, c - a)
