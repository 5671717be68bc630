"""Finds ``scale_mat`` for new data: the visual hull of the masks goes into the unit sphere."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from nerfstudio.cameras.cameras import Cameras, CameraType

from idr_neus_plugins.core.pieces import largest_piece
from idr_neus_plugins.core.views import TrainingViews
from idr_neus_plugins.core.visual_hull import in_visual_hull
from idr_neus_plugins.data.files import first_folder, has_alpha, image_size, list_images
from idr_neus_plugins.data.masks import read_foreground, reduced_size
from idr_neus_plugins.data.projection import HALF_PIXEL, decompose_projection
from idr_neus_plugins.data.region import find_region, sphere_to_matrix
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.writing import replace_file

HULL_RESOLUTION = 64
PIXELS_ACROSS = 150.0
"""Masks are looked at in this size: a pixel is then about as large as a sample of the hull."""


@dataclass(frozen=True)
class Photographs:
    images: list[Path]
    masks: list[Path] | None
    sizes: list[tuple[int, int]]
    """(height, width)."""


def find_scale_mat(
    folder: Path, projections: Float[np.ndarray, "views 3 4"], margin: float = 1.1, tolerance: float = 0.0
) -> Float[np.ndarray, "4 4"]:
    """Takes the unit sphere to the smallest sphere around the visual hull, times ``margin``; units of the cameras.

    Without masks (and without alpha channels), to the sphere that half of the cameras see as a whole.

    Args:
        projections: world to pixels, pixel centres on integers.
        tolerance: share of the views that may contradict a point of the hull; for inexact cameras.

    Raises UserError where photographs and cameras do not belong together, or the silhouettes have nothing in common.
    """
    photographs = _photographs(folder, len(projections))
    intrinsics, poses = _decompose(projections)
    has_foreground = photographs.masks is not None or has_alpha(photographs.images[0])
    rough = find_region(_cameras(intrinsics, poses, photographs), photographs.images, photographs.masks, has_foreground)
    if not has_foreground:
        return rough
    centre, radius = _hull_sphere(photographs, intrinsics, np.linalg.inv(rough) @ poses, rough[0, 0], tolerance)
    return rough @ sphere_to_matrix((*centre, margin * radius))


def write_normalised(
    path: Path, projections: Float[np.ndarray, "views 3 4"], scale_mat: Float[np.ndarray, "4 4"]
) -> None:
    """``world_mat_i`` and ``scale_mat_i`` as IDR and NeuS read them."""
    matrices = {}
    for view, projection in enumerate(projections):
        matrices[f"world_mat_{view}"] = np.vstack([projection, [0.0, 0.0, 0.0, 1.0]])
        matrices[f"scale_mat_{view}"] = scale_mat
    content = io.BytesIO()
    np.savez(content, **matrices)
    replace_file(path, content.getvalue())


def smallest_sphere(points: Float[np.ndarray, "points 3"], steps: int = 300) -> tuple[Float[np.ndarray, " 3"], float]:
    """Centre and radius of a sphere around all points, at most a few thousandths too large (Badoiu and Clarkson 2003):
    the centre moves towards the farthest point by ever smaller steps."""
    centre = points.mean(0)
    for step in range(1, steps + 1):
        farthest = points[np.argmax(((points - centre) ** 2).sum(1))]
        centre = centre + (farthest - centre) / (step + 1)
    return centre, float(np.linalg.norm(points - centre, axis=1).max())


def _photographs(folder: Path, cameras: int) -> Photographs:
    image_folder, mask_folder = first_folder(folder, "image", "images"), first_folder(folder, "mask", "masks")
    images = list_images(image_folder) if image_folder else []
    masks = list_images(mask_folder) if mask_folder else []
    if len(images) != cameras or len(masks) not in (0, cameras):
        raise UserError(
            f"{folder}: {len(images)} images, {len(masks)} masks and {cameras} cameras. Camera i belongs to the i-th "
            "image and mask, so the numbers must agree; without a mask folder the region is less tight."
        )
    return Photographs(images, masks or None, [image_size(path) for path in images])


def _decompose(
    projections: Float[np.ndarray, "views 3 4"],
) -> tuple[Float[np.ndarray, "views 3 3"], Float[np.ndarray, "views 4 4"]]:
    """K with pixel centres on half-integers, camera-to-world in OpenCV axes."""
    intrinsics, poses = (np.stack(part) for part in zip(*map(decompose_projection, projections), strict=True))
    intrinsics[:, :2, 2] += HALF_PIXEL
    return intrinsics, poses


def _cameras(intrinsics: np.ndarray, poses: np.ndarray, photographs: Photographs) -> Cameras:
    heights, widths = torch.tensor(photographs.sizes).T
    matrices = torch.from_numpy(intrinsics).float()
    return Cameras(
        camera_to_worlds=torch.from_numpy(poses[:, :3] * [1.0, -1.0, -1.0, 1.0]).float(),
        fx=matrices[:, 0, 0],
        fy=matrices[:, 1, 1],
        cx=matrices[:, 0, 2],
        cy=matrices[:, 1, 2],
        width=widths,
        height=heights,
        camera_type=CameraType.PERSPECTIVE,
    )


def _hull_sphere(
    photographs: Photographs, intrinsics: np.ndarray, poses: np.ndarray, scale: float, tolerance: float
) -> tuple[Float[np.ndarray, " 3"], float]:
    """Sphere around the visual hull, in the rough region's units."""
    poses = poses.copy()
    poses[:, :3, :3] *= scale  # a rotation again
    views = _views(photographs, intrinsics, poses)
    axis = torch.linspace(-1.0, 1.0, HULL_RESOLUTION)
    positions = torch.cartesian_prod(axis, axis, axis)
    inside = in_visual_hull(positions, views, tolerance).numpy()
    if not inside.any():
        raise UserError(
            "The silhouettes have no point in common: masks may be inverted or belong to other photographs, or the "
            "cameras are inexact (then allow some views to disagree: --tolerance 0.2)."
        )
    # Where few cameras look, silhouettes agree on stray corners.
    hull = largest_piece(inside.reshape(HULL_RESOLUTION, HULL_RESOLUTION, HULL_RESOLUTION)).ravel()
    centre, radius = smallest_sphere(positions[torch.from_numpy(hull)].double().numpy())
    return centre, radius + 3**0.5 / (HULL_RESOLUTION - 1)


def _views(photographs: Photographs, intrinsics: np.ndarray, poses: np.ndarray) -> TrainingViews:
    """The reduced masks as the visual hull wants them."""
    reduced = [reduced_size(size, PIXELS_ACROSS) for size in photographs.sizes]
    height, width = (max(size[axis] for size, _ in reduced) for axis in (0, 1))
    foreground = torch.zeros(len(reduced), height, width, dtype=torch.uint8)
    for view, (size, shrink) in enumerate(reduced):
        mask = photographs.masks[view] if photographs.masks else None
        pixels = read_foreground(photographs.images[view], mask, size, shrink)
        foreground[view, : size[0], : size[1]] = torch.from_numpy(pixels)
    shrinks = np.array([shrink for _, shrink in reduced])[:, None, None]
    return TrainingViews(
        intrinsics=torch.from_numpy(intrinsics / _rows(shrinks)).float(),
        camera_to_scene=torch.from_numpy(poses[:, :3]).float(),
        sizes=torch.tensor([size for size, _ in reduced]),
        images=foreground.new_zeros(*foreground.shape, 3),
        foreground=foreground,
        is_pinhole=True,
    )


def _rows(shrinks: Float[np.ndarray, "views 1 1"]) -> Float[np.ndarray, "views 3 1"]:
    """What the rows of K are divided by: pixels shrink, the last row stays (0, 0, 1)."""
    return np.concatenate([shrinks, shrinks, np.ones_like(shrinks)], axis=1)
