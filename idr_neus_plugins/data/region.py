"""Where the object is, for data sets that do not tell, and whether the cameras see that region."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.data.foreground import read_foreground
from idr_neus_plugins.data.formats.scene import PosedScene, View
from idr_neus_plugins.data.lens import ray_directions, unproject
from idr_neus_plugins.data.masks import PIXELS_ACROSS, reduced_size
from idr_neus_plugins.errors import UserError

MARGIN = 1.1
"""Masks show less than the solid's full width unless a camera happens to see it."""
MOST_FOREGROUND = 0.9
"""Masks that hold more than this say where the photograph is valid, not where the object is."""
NEAREST_CAMERA = 0.9
"""The sphere stays below this share of the nearest camera's distance, so that every camera is outside."""


def find_region(scene: PosedScene) -> Float[np.ndarray, "4 4"]:
    """Takes the unit sphere to a sphere around what the cameras look at; world.

    With masks, all rays of the foreground cross the sphere. Without (or where they hold nearly everything), it is the
    largest one around the point nearest to all optical axes that half of the cameras see as a whole.
    Raises UserError where all cameras stand in one place, look in the same direction or away from each other's target.
    """
    poses = np.stack([view.camera_to_world for view in scene.views])
    # A world of metres may be millions of them away from its origin; sums of squares want it near.
    middle = poses[:, :3, 3].mean(0)
    origins = poses[:, :3, 3] - middle
    rays = _foreground_rays(scene) if scene.has_foreground else None
    if rays is not None:
        centre = nearest_point(origins, np.stack([_unit(view.mean(0)) for view in rays]))
        radius = MARGIN * _radius_of_rays(centre, origins, rays)
    else:
        centre = nearest_point(origins, poses[:, :3, 2])
        radius = _radius_in_view(centre, origins, scene.views)
    nearest = np.linalg.norm(origins - centre, axis=1).min()
    return sphere_to_matrix((*(middle + centre), min(radius, NEAREST_CAMERA * nearest)))


def views_without_region(views: Sequence[View], camera_to_scene: Float[np.ndarray, "views 4 4"]) -> list[int]:
    """Views that do not see the unit sphere."""
    cameras = enumerate(zip(views, camera_to_scene, strict=True))
    return [number for number, (view, pose) in cameras if not _sees_unit_sphere(view, pose)]


def _sees_unit_sphere(view: View, camera_to_scene: Float[np.ndarray, "4 4"]) -> bool:
    if not view.is_fisheye:
        return sees_unit_sphere(view.intrinsics, camera_to_scene[:3], view.size)
    small, shrink = reduced_size(view.size, PIXELS_ACROSS)
    directions = ray_directions(view, small, shrink) @ camera_to_scene[:3, :3].T
    away = np.cross(directions, camera_to_scene[:3, 3])
    ahead = directions @ camera_to_scene[:3, 3] < 0
    return bool(((np.linalg.norm(away, axis=-1) <= 1) & ahead).any() or np.linalg.norm(camera_to_scene[:3, 3]) <= 1)


def sees_unit_sphere(
    intrinsics: Float[np.ndarray, "3 3"], camera_to_scene: Float[np.ndarray, "3 4"], size: tuple[int, int]
) -> bool:
    """Whether the ray of some pixel of an image of (height, width) meets the unit sphere before the camera."""
    centre = -camera_to_scene[:, :3].T @ camera_to_scene[:, 3]
    if np.linalg.norm(centre) <= 1 or centre[2] <= 0:
        return bool(np.linalg.norm(centre) <= 1)
    pixel = np.clip((intrinsics @ centre)[:2] / centre[2], 0, size[::-1])
    direction = np.linalg.solve(intrinsics, [*pixel, 1.0])
    return bool(np.linalg.norm(np.cross(direction, centre)) <= np.linalg.norm(direction))


def sphere_to_matrix(sphere: Sequence[float]) -> Float[np.ndarray, "4 4"]:
    """(x, y, z, radius) -> the matrix that takes the unit sphere there. Raises UserError for an impossible radius."""
    *centre, radius = sphere
    if not np.isfinite(sphere).all() or radius <= 0:
        raise UserError(f"A region of interest needs a centre and a positive radius, not {[float(x) for x in sphere]}.")
    matrix = np.diag([radius, radius, radius, 1.0])
    matrix[:3, 3] = centre
    return matrix


def nearest_point(
    origins: Float[np.ndarray, "rays 3"], directions: Float[np.ndarray, "rays 3"]
) -> Float[np.ndarray, " 3"]:
    """The point with the smallest sum of squared distances to these lines (unit directions), before their origins."""
    across = np.eye(3) - directions[:, :, None] * directions[:, None, :]
    total = across.sum(0)
    if np.linalg.eigvalsh(total)[0] < 1e-3 * len(origins):
        raise UserError(
            "The cameras look in the same direction, so where they look does not tell where the object is. "
            "Say it with --region X Y Z RADIUS, in the units of the cameras."
        )
    point = np.linalg.solve(total, (across @ origins[:, :, None])[..., 0].sum(0))
    if np.median(((point - origins) * directions).sum(1)) <= 0:
        raise UserError(
            "The cameras look away from each other, not at one object. Say where it is with --region X Y Z RADIUS, in "
            "the units of the cameras."
        )
    return point


def _foreground_rays(scene: PosedScene) -> list[Float[np.ndarray, "_rays 3"]] | None:
    """Unit directions, in the world, of each view's foreground, of the optical axis where there is none; None if all is
    foreground."""
    rays, shares = [], []
    for view in scene.views:
        small, shrink = reduced_size(view.size, PIXELS_ACROSS)
        foreground = read_foreground(view.image, view.mask, small, shrink) >= 128
        axis = np.array([[0.0, 0.0, 1.0]])
        chosen = ray_directions(view, small, shrink)[foreground] if foreground.any() else axis
        rays.append(chosen @ view.camera_to_world[:3, :3].T)
        shares.append(foreground.mean())
    return rays if np.mean(shares) < MOST_FOREGROUND else None


def _radius_of_rays(
    centre: Float[np.ndarray, " 3"], origins: Float[np.ndarray, "views 3"], rays: list[Float[np.ndarray, "_rays 3"]]
) -> float:
    """Largest distance of a foreground ray from the centre; a stray hundredth of a view's pixels does not count."""
    distances = [np.linalg.norm(np.cross(centre - at, view), axis=1) for at, view in zip(origins, rays, strict=True)]
    return max(float(np.quantile(view, 0.99)) for view in distances)


def _radius_in_view(
    centre: Float[np.ndarray, " 3"], origins: Float[np.ndarray, "views 3"], views: Sequence[View]
) -> float:
    """Of the sphere that half of the cameras see as a whole: by the angle up to the nearest border's middle."""
    half_angles = []
    for view in views:
        height, width = view.size
        middle = view.intrinsics[:2, 2]
        borders = np.array([[middle[0] + width / 2, middle[1]], [middle[0], middle[1] + height / 2]])
        half_angles.append(np.arccos(unproject(view, borders)[:, 2].clip(-1, 1)).min())
    distances = np.linalg.norm(origins - centre, axis=1)
    return float(np.median(distances * np.sin(np.minimum(half_angles, np.pi / 2))))


def _unit(vector: Float[np.ndarray, " 3"]) -> Float[np.ndarray, " 3"]:
    return vector / np.linalg.norm(vector)
