"""The start of a grid's training: where the surface may be, carved by what the photographs show of depths."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from idr_neus_plugins.core.connected_components import large_components
from idr_neus_plugins.core.depth_maps import depth_maps
from idr_neus_plugins.core.fusion import votes
from idr_neus_plugins.core.photographs import Photographs
from idr_neus_plugins.core.views import Views
from idr_neus_plugins.fields.grid.lattice import Lattice
from idr_neus_plugins.fields.grid.redistance import OBJECT, signed_distance

LONGER_SIDE = 200
"""Pixels of the photographs that depths are looked for in: about as fine as the lattice."""
SLACK = 1.5
"""Voxels outside of the hull in which a depth may lie."""
FREE_VIEWS, FREE_RATIO = 2.5, 3.0
"""More views must see past a point, altogether and per view that says it is solid, to carve it away."""


def carved(distance: Float[Tensor, "x y z"], lattice: Lattice, views: Views) -> Float[Tensor, "x y z"]:
    """Signed distance in voxels to a solid without what the photographs see past.

    Textureless places have no depths, and stay as they are. Pinhole cameras only.
    """
    photographs = Photographs.of(views, LONGER_SIDE)
    near = distance < SLACK
    points = lattice.positions()[near.view(-1)]
    maps = depth_maps(
        photographs, _ranges(photographs, points), lambda p: _holds(near, lattice, p), _seen(views, photographs)
    )
    counts = votes(photographs, maps, points, clear=1.5 * lattice.voxel, thick=3.0 * lattice.voxel)
    free, solid = (_blurred(part, near) for part in (counts.free, counts.solid))
    inside = (distance < 0).numpy()
    kept = inside & ~((free > FREE_VIEWS) & (free > FREE_RATIO * solid))
    kept = inside & (_gaussian(kept, 1.0) > 0.5)
    return torch.from_numpy(signed_distance(large_components(kept, OBJECT))).float()


def _ranges(photographs: Photographs, points: Float[Tensor, "points 3"]) -> Float[Tensor, "views 2"]:
    """Nearest and farthest depth of the points in every view."""
    poses = photographs.poses
    depths = torch.stack([(points - pose[:, 3]) @ pose[:, 2] for pose in poses])
    return torch.stack([depths.amin(dim=1).clamp(min=1e-2), depths.amax(dim=1)], dim=1)


def _holds(
    solid: Bool[Tensor, "x y z"], lattice: Lattice, points: Float[Tensor, "points 3"]
) -> Bool[Tensor, " points"]:
    size = torch.tensor(lattice.shape)
    nodes = (lattice.coords(points) + 0.5).floor().long()
    within = ((nodes >= 0) & (nodes < size)).all(dim=1)
    i, j, k = nodes.clamp(min=0).minimum(size - 1).unbind(dim=1)
    return within & solid[i, j, k]


def _seen(views: Views, photographs: Photographs) -> Bool[Tensor, "views h w"]:
    height, width = photographs.pictures.shape[1:]
    level = views.images.shape[1] // height
    if views.masks is None:
        rows, columns = torch.arange(height)[:, None], torch.arange(width)
        return (rows < photographs.sizes[:, :1, None]) & (columns < photographs.sizes[:, 1:, None])
    return views.masks[:, level // 2 :: level, level // 2 :: level][:, :height, :width]


def _blurred(counts: Float[Tensor, " points"], near: Bool[Tensor, "x y z"]) -> np.ndarray:
    spread = np.zeros(near.shape, np.float32)
    spread[near.numpy()] = counts.numpy()
    return _gaussian(spread, 0.7)


def _gaussian(values: np.ndarray, sigma: float) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(values.astype(np.float32), sigma)
