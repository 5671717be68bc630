"""Bundle adjustment: cameras and points such that points project to where photographs show them (Triggs et al. 2000).

Every camera has six unknowns: it turns by a rotation vector in its own axes and its centre moves. Every point has
three, eliminated exactly from each step (Schur complement), so that cameras move along with all that they look at.
Poses are camera-to-scene in OpenCV axes; pixels are (x, y).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

MAX_STEPS = 100
SETTLED = 1e-6
"""Relative decrease of the cost at which the adjustment ends."""
GIVEN_UP = 1e10
"""Damping at which no step improves any more."""


class Observations(NamedTuple):
    """Which view sees which point, and where."""

    views: Int[Tensor, " observations"]
    points: Int[Tensor, " observations"]
    pixels: Float[Tensor, "observations 2"]

    def where(self, chosen: Tensor) -> Observations:
        """Those of a mask or of indices."""
        return Observations(*(part[chosen] for part in self))


class Bundle(NamedTuple):
    """What is adjusted; float64 where accuracy counts."""

    poses: Float[Tensor, "views 3 4"]
    points: Float[Tensor, "points 3"]

    def moved(self, cameras: Float[Tensor, "views 6"], points: Float[Tensor, "points 3"]) -> Bundle:
        """Cameras turned about their own axes by a rotation vector (first three); their centres and points shifted."""
        turns = torch.linalg.matrix_exp(cross_matrix(cameras[:, :3]))
        rotations = self.poses[:, :, :3] @ turns
        centres = self.poses[:, :, 3] + cameras[:, 3:]
        return Bundle(torch.cat([rotations, centres[:, :, None]], dim=2), self.points + points)


class Linearised(NamedTuple):
    """Residuals, and their derivatives for :meth:`Bundle.moved`."""

    residuals: Float[Tensor, "observations 2"]
    by_camera: Float[Tensor, "observations 2 6"]
    by_point: Float[Tensor, "observations 2 3"]


def reprojections(
    bundle: Bundle, intrinsics: Float[Tensor, "views 3 3"], seen: Observations
) -> Float[Tensor, "observations 2"]:
    """Where each observed point projects to minus where it was seen, pixels."""
    projected = _in_camera(bundle, seen) @ intrinsics[seen.views].mT
    return (projected[:, 0, :2] / projected[:, 0, 2:]) - seen.pixels


def linearise(bundle: Bundle, intrinsics: Float[Tensor, "views 3 3"], seen: Observations) -> Linearised:
    """Residuals with closed-form derivatives."""
    in_camera = _in_camera(bundle, seen)[:, 0]
    projected = (in_camera[:, None] @ intrinsics[seen.views].mT)[:, 0]
    depths = projected[:, 2:]
    pixels = projected[:, :2] / depths
    matrices = intrinsics[seen.views]
    in_frame = (matrices[:, :2] - pixels[:, :, None] * matrices[:, 2:]) / depths[:, :, None]
    by_point = in_frame @ bundle.poses[seen.views, :, :3].mT
    by_camera = torch.cat([in_frame @ cross_matrix(in_camera), -by_point], dim=2)
    return Linearised(pixels - seen.pixels, by_camera, by_point)


def adjust(bundle: Bundle, intrinsics: Float[Tensor, "views 3 3"], seen: Observations, scale: float = 1.0) -> Bundle:
    """Minimises a robust sum of squared residuals by Levenberg and Marquardt's method.

    The free similarity of the result (where the world is, how it is turned, how large it is) stays near that of the
    start, since damped steps do not move along what changes nothing.

    Args:
        scale: of Cauchy's loss, ``scale² log(1 + |r|² / scale²)``; pixels. Residuals far above hardly count.
    """
    damping = 1e-3
    cost = _cost(bundle, intrinsics, seen, scale)
    for _ in range(MAX_STEPS):
        linear = linearise(bundle, intrinsics, seen)
        weights = 1.0 / (1.0 + linear.residuals.square().sum(dim=1) / scale**2)
        system = NormalEquations.of(linear, weights, seen, len(bundle.poses), len(bundle.points))
        improved = None
        while improved is None and damping < GIVEN_UP:
            candidate = bundle.moved(*system.solve(damping))
            reached = _cost(candidate, intrinsics, seen, scale)
            improved = candidate if reached < cost else None
            damping = max(0.1 * damping, 1e-12) if improved is not None else 10.0 * damping
        if improved is None:
            break
        bundle, cost, before = improved, reached, cost
        if before - cost < SETTLED * before:
            break
    return bundle


class NormalEquations(NamedTuple):
    """Gauss and Newton's equations of cameras and points."""

    cameras: Float[Tensor, "views 6 6"]
    points: Float[Tensor, "points 3 3"]
    mixed: Float[Tensor, "points views 6 3"]
    camera_side: Float[Tensor, "views 6"]
    point_side: Float[Tensor, "points 3"]

    @staticmethod
    def of(linear: Linearised, weights: Tensor, seen: Observations, views: int, points: int) -> NormalEquations:
        by_camera, by_point = (weights[:, None, None] * part.mT for part in linear[1:])
        residuals = linear.residuals[:, :, None]
        empty = linear.residuals.new_zeros
        place = seen.points * views + seen.views
        return NormalEquations(
            empty(views, 6, 6).index_add_(0, seen.views, by_camera @ linear.by_camera),
            empty(points, 3, 3).index_add_(0, seen.points, by_point @ linear.by_point),
            empty(points * views, 6, 3).index_add_(0, place, by_camera @ linear.by_point).view(points, views, 6, 3),
            empty(views, 6).index_add_(0, seen.views, (by_camera @ residuals)[:, :, 0]),
            empty(points, 3).index_add_(0, seen.points, (by_point @ residuals)[:, :, 0]),
        )

    def solve(self, damping: float) -> tuple[Float[Tensor, "views 6"], Float[Tensor, "points 3"]]:
        """The step of cameras and points, with the diagonal raised by a share of itself."""
        inverse = torch.linalg.inv(_damped(self.points, damping))
        mixed = self.mixed.flatten(1, 2)
        eliminated, mixed = (part.transpose(0, 1).flatten(1) for part in (mixed @ inverse, mixed))
        reduced = torch.block_diag(*_damped(self.cameras, damping)) - eliminated @ mixed.mT
        side = self.camera_side.flatten() - eliminated @ self.point_side.flatten()
        cameras = -torch.linalg.solve(reduced, side)
        sides = self.point_side + (cameras @ mixed).view(-1, 3)
        points = -(inverse @ sides[:, :, None])[:, :, 0]
        return cameras.view(-1, 6), points


def cross_matrix(vectors: Float[Tensor, "n 3"]) -> Float[Tensor, "n 3 3"]:
    """``cross_matrix(a) @ b == a × b``."""
    x, y, z = vectors.unbind(dim=1)
    zero = torch.zeros_like(x)
    return torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=1).view(-1, 3, 3)


def _in_camera(bundle: Bundle, seen: Observations) -> Float[Tensor, "observations 1 3"]:
    apart = bundle.points[seen.points] - bundle.poses[seen.views, :, 3]
    return apart[:, None] @ bundle.poses[seen.views, :, :3]


def _cost(bundle: Bundle, intrinsics: Tensor, seen: Observations, scale: float) -> float:
    squared = reprojections(bundle, intrinsics, seen).square().sum(dim=1)
    return float(torch.log1p(squared / scale**2).sum())


def _damped(blocks: Float[Tensor, "n k k"], damping: float) -> Float[Tensor, "n k k"]:
    """The floor keeps points that nothing sees, or one view alone, where they are."""
    diagonal = blocks.diagonal(dim1=1, dim2=2)
    return blocks + torch.diag_embed(damping * diagonal + 1e-12 * diagonal.amax().clamp(min=1e-30))
