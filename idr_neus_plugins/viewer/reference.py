"""Reference points in the viewer, coloured by how far the surface is from them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from idr_neus_plugins.core.similarity import Similarity
from idr_neus_plugins.core.surface import Surface
from idr_neus_plugins.meshing.crop import read_cloud
from idr_neus_plugins.viewer.requests import scale_colors

MOST = 50_000
"""Points shown; of more, a random part."""
STEP = 1e-3
"""To either side of a point, scene units, where the slope is measured."""


class PointErrors(NamedTuple):
    positions: np.ndarray
    """Scene frame [n, 3]."""
    errors: np.ndarray
    """Distances to the surface [n], world units."""

    @property
    def colors(self) -> np.ndarray:
        """[n, 3] uint8; yellow is the 95th percentile and more."""
        return scale_colors(self.errors / max(float(np.percentile(self.errors, 95)), 1e-12))

    @property
    def summary(self) -> str:
        median, most = np.percentile(self.errors, [50, 90])
        return f"{len(self.errors):,} points: median {median:.3g}, 90 % below {most:.3g} world units"


def point_errors(path: Path, surface: Surface) -> PointErrors:
    """To first order: |sdf| over its slope along the normal. Points (PLY, or npz with ``xyz``) are in the world frame.

    Raises UserError for a file that holds none. Hold the training's lock meanwhile.
    """
    world_from_scene = Similarity.of(surface.world_from_scene.cpu().numpy())
    points = read_cloud(path)
    if len(points) > MOST:
        points = points[np.random.default_rng(0).permutation(len(points))[:MOST]]
    positions = world_from_scene.inverse().points(points)
    places = torch.from_numpy(positions).float().to(surface.region.device)
    step = STEP * surface.normals(places)
    slopes = (surface.sdf(places + step) - surface.sdf(places - step)) / (2.0 * STEP)
    errors = (surface.sdf(places).abs() / slopes.clamp(min=1e-3)).cpu().numpy()
    return PointErrors(positions, errors * world_from_scene.scale)
