"""The part of the scene that is wanted: a box, a sphere, or what a cleaned point cloud surrounds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.core.similarity import Similarity
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.sample_lattice import SDF
from idr_neus_plugins.reading import as_data, load_npz

MARGIN = 0.05
"""Share of a point cloud's extent that is added on every side: points lie on the surface, and the last one is not
where it ends."""


class CropSolid(ABC):
    """A solid that the surface is cut with."""

    @abstractmethod
    def sdf(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
        """Distance to its border, negative inside."""

    @property
    @abstractmethod
    def bounds(self) -> np.ndarray:
        """Lowest and highest corner [2, 3] of a box that holds it."""


@dataclass(frozen=True)
class Box(CropSolid):
    """A box, turned at will."""

    centre: np.ndarray
    """[3]."""
    half: np.ndarray
    """Half of its sides [3]."""
    axes: np.ndarray = field(default_factory=lambda: np.eye(3))
    """Directions of the sides as columns [3, 3], orthonormal."""

    @classmethod
    def between(cls, corners: np.ndarray) -> Box:
        """Upright, from two opposite corners [2, 3]. Raises UserError where it is flat or not finite."""
        low, high = np.minimum(*corners), np.maximum(*corners)
        if not np.isfinite(corners).all() or not (low < high).all():
            raise UserError(f"A box needs two corners that differ along every axis, not {corners.tolist()}.")
        return cls((low + high) / 2, (high - low) / 2)

    def sdf(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
        centre, half, axes = (positions.new_tensor(part) for part in (self.centre, self.half, self.axes))
        beyond = ((positions - centre) @ axes).abs() - half
        return beyond.clamp(min=0).norm(dim=1) + beyond.amax(1).clamp(max=0)

    @property
    def bounds(self) -> np.ndarray:
        reach = np.abs(self.axes) @ self.half
        return np.stack([self.centre - reach, self.centre + reach])

    def moved(self, similarity: Similarity) -> Box:
        """In the frame that a similarity leads to."""
        return Box(similarity.points(self.centre), similarity.scale * self.half, similarity.rotation @ self.axes)


@dataclass(frozen=True)
class Sphere(CropSolid):
    centre: np.ndarray
    """[3]."""
    radius: float

    def __post_init__(self) -> None:
        if not np.isfinite(self.centre).all() or not self.radius > 0:
            raise UserError(f"A sphere needs a centre and a positive radius, not {self.centre} and {self.radius}.")

    def sdf(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
        return (positions - positions.new_tensor(self.centre)).norm(dim=1) - self.radius

    @property
    def bounds(self) -> np.ndarray:
        return np.stack([self.centre - self.radius, self.centre + self.radius])

    def moved(self, similarity: Similarity) -> Sphere:
        """In the frame that a similarity leads to."""
        return Sphere(similarity.points(self.centre), similarity.scale * self.radius)


def box_around(points: np.ndarray) -> Box:
    """The upright box of a cleaned point cloud [n, 3] and a margin: NeuS's ``sparse_points_interest.ply``."""
    low, high = points.min(0), points.max(0)
    margin = MARGIN * (high - low).max()
    return Box.between(np.stack([low - margin, high + margin]))


def read_cloud(path: Path) -> np.ndarray:
    """Points [n, 3] of a PLY or another file with vertices, or of an npz with ``xyz``. Raises UserError otherwise."""
    import trimesh

    if not path.is_file():
        raise UserError(f"There is no point cloud {path}.")
    with as_data(path, "a point cloud", "PLY, or npz with 'xyz'."):
        if path.suffix == ".npz":
            points = load_npz(path)["xyz"].astype(np.float64)
        else:
            cloud: Any = trimesh.load(path, process=False)
            points = np.array(cloud.vertices, np.float64)
        if points.ndim != 2 or points.shape[1] != 3:
            raise ValueError(f"points of the shape {points.shape}")
    if len(points) < 2 or not np.isfinite(points).all():
        raise UserError(f"{path} holds {len(points)} points, or some that are not finite: at least two are needed.")
    return points


def cut(sdf: SDF, *solids: CropSolid) -> SDF:
    """The solid inside of all solids: where they cut it, the surface is closed along their border."""
    if not solids:
        return sdf
    return lambda positions: torch.stack([sdf(positions), *(part.sdf(positions) for part in solids)]).amax(0)


def region_within(region: Float[Tensor, "2 3"], solid: CropSolid) -> Float[Tensor, "2 3"]:
    """The part of ``region`` that can hold something of ``solid``, a little wider, so that its border is inside.

    Raises UserError where they do not meet.
    """
    low, high = solid.bounds
    slack = 0.02 * (high - low).max()
    corners = region.new_tensor(np.stack([low - slack, high + slack]))
    inner = torch.stack([torch.maximum(region[0], corners[0]), torch.minimum(region[1], corners[1])])
    if not bool((inner[0] < inner[1]).all()):
        raise UserError(
            f"The part asked for, {low.round(3).tolist()} to {high.round(3).tolist()} in scene units, lies outside of "
            "the region of solid. Crops are given in the world frame, the units of the input cameras."
        )
    return inner
