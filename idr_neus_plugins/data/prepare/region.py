"""The region of interest out of what is known of the scene: masks, sparse points, cameras; or as it was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.core.similarity import Similarity
from idr_neus_plugins.data.formats.scene import PosedScene
from idr_neus_plugins.data.prepare.ground import find_ground
from idr_neus_plugins.data.region import MARGIN, NEAREST_CAMERA, sphere_to_matrix
from idr_neus_plugins.errors import UserError

MIN_POINTS = 50
ROUNDS = 10
SPARSE_MARGIN = 1.25
"""For objects that stand on a ground: features are on their patterns, not on their outermost parts."""


def sphere_around_points(
    points: Float[np.ndarray, "points 3"], start: Float[np.ndarray, "4 4"], cameras: Float[np.ndarray, "views 3"]
) -> Float[np.ndarray, "4 4"]:
    """Shrinks a sphere around what the cameras look at to the points that it holds.

    Where most of these lie on a ground, only those that stand on it count, and the spots below them: a plain object on
    a printed sheet has few points of its own. Stays at the start with fewer than 50 points.
    """
    centre, radius = start[:3, 3].copy(), Similarity.of(start).scale
    inside = points[np.linalg.norm(points - centre, axis=1) < radius]
    ground = find_ground(inside, cameras, radius) if len(inside) >= MIN_POINTS else None
    if ground is not None:
        standing = inside[ground.above(inside, radius)]
        centre, radius = _shrunk(np.concatenate([standing, ground.feet(standing)]), centre, radius, SPARSE_MARGIN)
    else:
        centre, radius = _shrunk(points, centre, radius, MARGIN)
    nearest = float(np.linalg.norm(cameras - centre, axis=1).min())
    return sphere_to_matrix((*centre, min(radius, NEAREST_CAMERA * nearest)))


def _shrunk(
    points: Float[np.ndarray, "points 3"], centre: Float[np.ndarray, " 3"], radius: float, margin: float
) -> tuple[Float[np.ndarray, " 3"], float]:
    """Centre: median of the points inside; radius: what holds 98 % of them, and a margin.

    It only ever shrinks, so points of the surroundings that are outside at first stay outside.
    """
    for _ in range(ROUNDS):
        inside = points[np.linalg.norm(points - centre, axis=1) < radius]
        if len(inside) < MIN_POINTS:
            break
        centre = 0.5 * (centre + np.median(inside, axis=0))
        radius = min(radius, margin * float(np.quantile(np.linalg.norm(inside - centre, axis=1), 0.98)))
    return centre, radius


def sphere_around_box(box: Sequence[float]) -> Float[np.ndarray, "4 4"]:
    """The sphere through the corners of (lower x, y, z, upper x, y, z). Raises UserError for an empty box."""
    lower, upper = np.array(box[:3]), np.array(box[3:])
    if not (upper > lower).all():
        raise UserError(f"--box needs a lower corner and then an upper one, not {list(box)}.")
    return sphere_to_matrix((*(lower + upper) / 2, float(np.linalg.norm(upper - lower)) / 2))


def sphere_around_interest(path: Path) -> Float[np.ndarray, "4 4"]:
    """The smallest sphere around the middle of a cleaned point cloud's box, as in NeuS's preprocessing of own data."""
    import trimesh

    try:
        points = np.asarray(trimesh.load(path).vertices, dtype=np.float64)  # type: ignore[union-attr]
    except (OSError, ValueError, AttributeError) as error:
        raise UserError(f"{path} cannot be read as a point cloud ({error}).") from None
    if len(points) < 4:
        raise UserError(f"{path} holds {len(points)} points; the object must be left in it.")
    centre = (points.max(0) + points.min(0)) / 2
    return sphere_to_matrix((*centre, float(np.linalg.norm(points - centre, axis=1).max())))


def automatic_region(scene: PosedScene, points: Float[np.ndarray, "points 3"]) -> Float[np.ndarray, "4 4"]:
    """From the masks, where there are any, and from sparse points and the cameras' rays otherwise."""
    start = replace(scene, world_from_scene=None).region()
    if scene.has_masks:
        return start
    cameras = np.stack([view.camera_to_world[:3, 3] for view in scene.views])
    return sphere_around_points(points, start, cameras)
