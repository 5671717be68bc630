"""Finds ``scale_mat`` for new data: the visual hull of the masks goes into the unit sphere."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from idr_neus_plugins.core.connected_components import largest_component
from idr_neus_plugins.core.views import Views
from idr_neus_plugins.core.visual_hull import in_visual_hull
from idr_neus_plugins.data.files import image_size
from idr_neus_plugins.data.foreground import read_foreground
from idr_neus_plugins.data.formats.readers.checks import checked
from idr_neus_plugins.data.formats.scene import PosedScene, View, camera_in_scene
from idr_neus_plugins.data.idr_scene import find_photographs
from idr_neus_plugins.data.masks import reduced_size
from idr_neus_plugins.data.projection import HALF_PIXEL, decompose_projection
from idr_neus_plugins.data.region import find_region, sphere_to_matrix
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.writing import replace_file

HULL_RESOLUTION = 64
PIXELS_ACROSS = 150.0
"""Masks are looked at in this size: a pixel is then about as large as a sample of the hull."""


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
    scene = _scene(folder, projections)
    rough = find_region(scene)
    if not scene.has_foreground:
        return rough
    centre, radius = _hull_sphere(scene, rough, tolerance)
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


def _scene(folder: Path, projections: Float[np.ndarray, "views 3 4"]) -> PosedScene:
    """The photographs with these cameras, in their order. K gets pixel centres on half-integers."""
    images, masks = find_photographs(folder)
    if len(images) != len(projections):
        raise UserError(
            f"{folder}: {len(images)} images and {len(projections)} cameras. Camera i belongs to the i-th image, so "
            "the numbers must agree: put the missing photographs back, or remove the cameras of those that are gone."
        )
    views = []
    for image, mask, projection in zip(images, masks or [None] * len(images), projections, strict=True):
        intrinsics, pose = decompose_projection(projection)
        intrinsics[:2, 2] += HALF_PIXEL
        views.append(View(image, mask, image_size(image), intrinsics, pose))
    return checked(PosedScene(tuple(views), None))


def _hull_sphere(
    scene: PosedScene, rough: Float[np.ndarray, "4 4"], tolerance: float
) -> tuple[Float[np.ndarray, " 3"], float]:
    """Sphere around the visual hull, in the rough region's units."""
    poses = camera_in_scene(np.stack([view.camera_to_world for view in scene.views]), rough)
    views = _views(scene, poses)
    axis = torch.linspace(-1.0, 1.0, HULL_RESOLUTION)
    positions = torch.cartesian_prod(axis, axis, axis)
    inside = in_visual_hull(positions, views, tolerance).numpy()
    if not inside.any():
        raise UserError(
            "The silhouettes have no point in common: masks may be inverted or belong to other photographs, or the "
            "cameras are inexact (then allow some views to disagree: --tolerance 0.2)."
        )
    # Where few cameras look, silhouettes agree on stray corners.
    hull = largest_component(inside.reshape(HULL_RESOLUTION, HULL_RESOLUTION, HULL_RESOLUTION)).ravel()
    centre, radius = smallest_sphere(positions[torch.from_numpy(hull)].double().numpy())
    return centre, radius + 3**0.5 / (HULL_RESOLUTION - 1)


def _views(scene: PosedScene, poses: Float[np.ndarray, "views 4 4"]) -> Views:
    """The reduced masks as the visual hull wants them."""
    reduced = [reduced_size(view.size, PIXELS_ACROSS) for view in scene.views]
    height, width = (max(size[axis] for size, _ in reduced) for axis in (0, 1))
    foreground = torch.zeros(len(reduced), height, width, dtype=torch.uint8)
    intrinsics = np.stack([view.intrinsics for view in scene.views])
    for number, (view, (size, shrink)) in enumerate(zip(scene.views, reduced, strict=True)):
        foreground[number, : size[0], : size[1]] = torch.from_numpy(
            read_foreground(view.image, view.mask, size, shrink)
        )
        intrinsics[number, :2] /= shrink
    return Views(
        intrinsics=torch.from_numpy(intrinsics).float(),
        camera_to_scene=torch.from_numpy(poses[:, :3]).float(),
        sizes=torch.tensor([size for size, _ in reduced]),
        images=foreground.new_zeros(*foreground.shape, 3),
        foreground=foreground,
        is_pinhole=True,
    )
