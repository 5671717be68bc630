"""Where the object is, for data sets that do not tell, and whether the cameras see that region."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from nerfstudio.cameras.cameras import Cameras

from idr_neus_plugins.data.masks import PIXELS_ACROSS, ray_directions, read_foreground, reduced_size
from idr_neus_plugins.data.views import pinhole_matrices
from idr_neus_plugins.errors import UserError

MARGIN = 1.1
"""Masks show less than the solid's full width unless a camera happens to see it."""
MOST_FOREGROUND = 0.9
"""Masks that hold more than this say where the photograph is valid, not where the object is."""
NEAREST_CAMERA = 0.9
"""The sphere stays below this share of the nearest camera's distance, so that every camera is outside."""


def find_region(
    cameras: Cameras, images: Sequence[Path], masks: Sequence[Path] | None, has_foreground: bool
) -> Float[np.ndarray, "4 4"]:
    """Takes the unit sphere to a sphere around what the cameras look at; units of the cameras.

    With masks, all rays of the foreground cross the sphere. Without (or where they hold nearly everything), it is the
    largest one around the point nearest to all optical axes that half of the cameras see as a whole.
    Raises UserError where all cameras look in the same direction or away from each other's target.
    """
    intrinsics, poses = (part.double().numpy() for part in pinhole_matrices(cameras))
    sizes = np.stack([cameras.height[:, 0].numpy(), cameras.width[:, 0].numpy()], axis=1)
    origins = poses[:, :, 3]
    rays = _foreground_rays(images, masks, sizes, intrinsics, poses) if has_foreground else None
    if rays is not None:
        centre = nearest_point(origins, np.stack([_unit(view.mean(0)) for view in rays]))
        radius = MARGIN * _radius_of_rays(centre, origins, rays)
    else:
        centre = nearest_point(origins, poses[:, :, 2])
        radius = _radius_in_view(centre, intrinsics, origins, sizes)
    nearest = np.linalg.norm(origins - centre, axis=1).min()
    return sphere_to_matrix((*centre, min(radius, NEAREST_CAMERA * nearest)))


def views_without_region(cameras: Cameras) -> list[int]:
    """Views that do not see the unit sphere, by the pinhole part of their cameras."""
    intrinsics, poses = (part.double().numpy() for part in pinhole_matrices(cameras))
    sizes = zip(cameras.height[:, 0].tolist(), cameras.width[:, 0].tolist(), strict=True)
    views = enumerate(zip(intrinsics, poses, sizes, strict=True))
    return [view for view, (matrix, pose, size) in views if not sees_unit_sphere(matrix, pose, size)]


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


def _foreground_rays(
    images: Sequence[Path],
    masks: Sequence[Path] | None,
    sizes: Int[np.ndarray, "views 2"],
    intrinsics: Float[np.ndarray, "views 3 3"],
    poses: Float[np.ndarray, "views 3 4"],
) -> list[Float[np.ndarray, "_rays 3"]] | None:
    """Unit directions of each view's foreground, of the optical axis where there is none; None if all is foreground."""
    rays, shares = [], []
    for view, image in enumerate(images):
        small, shrink = reduced_size(tuple(sizes[view].tolist()), PIXELS_ACROSS)
        foreground = read_foreground(image, masks[view] if masks else None, small, shrink) >= 128
        axis = np.array([[0.0, 0.0, 1.0]])
        chosen = ray_directions(intrinsics[view], small, shrink)[foreground] if foreground.any() else axis
        rays.append(chosen @ poses[view, :, :3].T)
        shares.append(foreground.mean())
    return rays if np.mean(shares) < MOST_FOREGROUND else None


def _radius_of_rays(centre: np.ndarray, origins: np.ndarray, rays: list[np.ndarray]) -> float:
    """Largest distance of a foreground ray from the centre; a stray hundredth of a view's pixels does not count."""
    distances = [np.linalg.norm(np.cross(centre - at, view), axis=1) for at, view in zip(origins, rays, strict=True)]
    return max(float(np.quantile(view, 0.99)) for view in distances)


def _radius_in_view(centre: np.ndarray, intrinsics: np.ndarray, origins: np.ndarray, sizes: np.ndarray) -> float:
    focal_lengths = np.stack([intrinsics[:, 1, 1], intrinsics[:, 0, 0]], axis=1)
    half_angles = np.arctan((sizes / 2 / focal_lengths).min(1))
    return float(np.median(np.linalg.norm(origins - centre, axis=1) * np.sin(half_angles)))


def _unit(vector: Float[np.ndarray, " 3"]) -> Float[np.ndarray, " 3"]:
    return vector / np.linalg.norm(vector)
