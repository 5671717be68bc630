"""A surface as the cameras see it, ray by ray: what is missing, what stands in front, what is beside the object."""

from __future__ import annotations

import numpy as np

from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.core.raycasting import RayCaster
from idr_neus_plugins.evaluation.scene_views import SceneViews
from idr_neus_plugins.evaluation.scores import Scores

RAYS = 20_000
"""About so many for every view, through pixels evenly apart."""
CLEARLY = 0.02
"""Share of the size by which surfaces along a ray must differ to be taken for different ones."""


def pixel_scores(mesh: RayCaster, exact: RayCaster, views: SceneViews, size: float) -> Scores:
    """Fractions of the rays that meet the exact surface within the region of interest, over all views.

    holes: the mesh is not met, or clearly behind; in_front: clearly before; beside: rays that meet the mesh and miss
    the exact surface, only where masks say that nothing else is there. Empty where no ray meets the exact surface.
    """
    rays = [_both(mesh, exact, camera) for camera in views.cameras]
    ends, found, true = (np.concatenate(parts) for parts in zip(*rays, strict=True))
    met = np.isfinite(true)
    met[met] = views.in_region(ends[met])
    if not met.any():
        return {}
    margin, count = CLEARLY * size, met.sum()
    scores = {"holes": (found[met] >= true[met] + margin).sum() / count}
    scores["in_front"] = (found[met] < true[met] - margin).sum() / count
    if views.masked:
        scores["beside"] = (~np.isfinite(true) & np.isfinite(found)).sum() / count
    return {name: float(value) for name, value in scores.items()}


def _both(mesh: RayCaster, exact: RayCaster, camera: Camera) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per ray: where it meets the exact surface [n, 3], and the distances to the mesh and to the exact surface [n]."""
    directions = camera.rays(_pixels(camera.size))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    found, true = (caster.first_hits(camera.centre, directions).distances for caster in (mesh, exact))
    ends = camera.centre + np.where(np.isfinite(true), true, 0.0)[:, None] * directions
    return ends, found, true


def _pixels(size: tuple[int, int]) -> np.ndarray:
    """Centres of about RAYS pixels, (x, y) [n, 2]."""
    stride = max(1, round((size[0] * size[1] / RAYS) ** 0.5))
    x, y = np.meshgrid(*(np.arange(stride // 2, length, stride) + 0.5 for length in size[::-1]))
    return np.stack([x.ravel(), y.ravel()], 1)
