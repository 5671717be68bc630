"""Where the photographs show something to hold on to, and where the prior alone decides."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy.ndimage import gaussian_filter

from idr_neus_plugins.core.raycasting import RayCaster
from idr_neus_plugins.evaluation.scene_views import SceneViews, TruthPoints, sight
from idr_neus_plugins.evaluation.surface_points import SurfacePoints

WINDOW = 1.5
"""Standard deviation of the window over which gradients are averaged, pixels."""
FEWEST_VIEWS = 2
"""One camera alone sees no depth."""


def truth_points(caster: RayCaster, surface: SurfacePoints, views: SceneViews, size: float) -> TruthPoints:
    """The points of ``surface`` that two cameras see, and the median over the cameras of the texture there."""
    seen = [sight(caster, surface, camera, size) for camera in views.cameras]
    counts = np.sum([there for there, _ in seen], axis=0)
    kept = np.flatnonzero(counts >= FEWEST_VIEWS)
    texture = np.full((len(views.cameras), len(kept)), np.nan, np.float32)
    for view, (camera, (there, _)) in enumerate(zip(views.cameras, seen, strict=True)):
        pixels, _ = camera.project(surface.points[kept][there[kept]])
        texture[view, there[kept]] = _at(texture_of(views.grey(view)), pixels)
    return TruthPoints(surface.only(kept), np.nanmedian(texture, axis=0))


def texture_of(grey: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """Root mean square of the slope of the grey values around each pixel, in grey values a pixel."""
    down, right = np.gradient(gaussian_filter(grey.astype(np.float32), 0.8))
    return np.sqrt(gaussian_filter(down**2 + right**2, WINDOW))


def quartiles(texture: Float[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
    """0 for the quarter of the points with least texture, to 3; the quarters are equally large, whatever is equal."""
    quarter = np.empty(len(texture), np.int64)
    quarter[np.argsort(texture, kind="stable")] = 4 * np.arange(len(texture)) // len(texture)
    return quarter


def _at(values: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    column, row = np.floor(pixels).astype(np.int64).T
    return values[row.clip(0, values.shape[0] - 1), column.clip(0, values.shape[1] - 1)]
