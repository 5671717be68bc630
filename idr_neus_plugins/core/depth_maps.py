"""Depth maps of photographs by a plane sweep with semi-global aggregation, kept where neighbours agree.

For every view, planes parallel to its image are swept through the range of depths (Collins 1996). A plane's cost in a
pixel is low where the neighbours, laid over the view through the plane, correlate with it. Costs are aggregated along
eight paths, so that textureless and repetitive places follow what is beside them (Hirschmüller 2008). A depth is kept
where the depth maps of other views place a surface at the same point.

Planes are evenly spaced in inverse depth: by about the same number of pixels in the neighbours' pictures.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from idr_neus_plugins.core.numba_setup import as_array
from idr_neus_plugins.core.patches import FLATTEST, MOST_SATURATED, SATURATED
from idr_neus_plugins.core.photographs import Photographs

RADIUS = 3
"""Of a window: 7 × 7 pixels."""
DECIDING = 3
"""Neighbours that must show what the view shows; where there are fewer, nothing is sure."""
SPACING = 0.8
"""Pixels of the neighbours between planes."""
MOST_PLANES = 160
SMALL, LARGE = 0.02, 0.3
"""Costs of a step of one plane and of a jump between pixels beside each other; a cost is in [0, 1]."""
UNKNOWN = 0.35
"""Cost where there is nothing to see: neither for nor against a plane."""
AGREEING = 2
"""Other views that must place the surface where a view does."""
TOLERANCE = 1.5
"""Planes by which their depths may differ."""

Possible = Callable[[Float[Tensor, "points 3"]], Bool[Tensor, " points"]]
"""Whether a surface may be at scene points."""


class DepthMap(NamedTuple):
    """What one view shows of the surface."""

    depth: Float[Tensor, "h w"]
    """Along the optical axis, scene units; 0 where it is not known."""
    correlation: Float[Tensor, "h w"]
    """Of what the view and its neighbours show there, in [-1, 1]."""
    spacing: float
    """Between planes, of inverse depth; 0 where none were swept."""


def depth_maps(
    photographs: Photographs, ranges: Float[Tensor, "views 2"], possible: Possible, seen: Bool[Tensor, "views h w"]
) -> list[DepthMap]:
    """The depths of every view that its neighbours confirm.

    Args:
        ranges: nearest and farthest depth in which a surface is looked for; nothing where the first is not below.
        possible: where it is looked for.
        seen: in which pixels of the pictures.
    """
    found = [_swept(photographs, view, ranges[view], possible, seen[view]) for view in range(photographs.count)]
    return [_confirmed(photographs, found, view) for view in range(photographs.count)]


def _swept(
    photographs: Photographs, view: int, depths: Float[Tensor, " 2"], possible: Possible, seen: Bool[Tensor, "h w"]
) -> DepthMap:
    """Before neighbours have confirmed it."""
    depth, correlation = torch.zeros(seen.shape), torch.full(seen.shape, -1.0)
    near, far = depths.tolist()
    if not near < far or not seen.any():
        return DepthMap(depth, correlation, 0.0)
    others = photographs.neighbours(view, photographs.centre_ray(view, 2.0 / (1.0 / near + 1.0 / far)))
    if len(others) < DECIDING:
        return DepthMap(depth, correlation, 0.0)
    inverse = _planes(photographs, view, others, near, far)
    window = _window_around(seen)
    correlations = correlate(photographs, view, others, inverse, window)
    costs = torch.where(correlations > -1.0, 0.5 - 0.5 * correlations, UNKNOWN)
    costs[~_possible_at(photographs, view, inverse, window, possible)] = 1.0
    costs[:, ~seen[window]] = UNKNOWN
    total = aggregated(costs.permute(1, 2, 0).contiguous())
    where = total.argmin(dim=2)
    known = seen[window] & (where > 0) & (where < len(inverse) - 1)
    depth[window] = torch.where(known, _between_planes(total, where, inverse), 0.0)
    correlation[window] = torch.where(known, correlations.gather(0, where[None])[0], -1.0)
    return DepthMap(depth, correlation, float(inverse[0] - inverse[1]))


def _planes(
    photographs: Photographs, view: int, others: Int[Tensor, " others"], near: float, far: float
) -> Float[Tensor, " planes"]:
    """Inverse depths, nearest first."""
    depth = 2.0 / (1.0 / near + 1.0 / far)
    at, ahead = (photographs.centre_ray(view, depth * share) for share in (1.0, 1.01))
    moved = [(camera.project(ahead) - camera.project(at)).norm() for camera in map(photographs.camera, others.tolist())]
    pixels_per_inverse = float(torch.stack(moved).median()) / (1.0 / depth - 1.0 / (1.01 * depth))
    count = math.ceil((1.0 / near - 1.0 / far) * pixels_per_inverse / SPACING) + 1
    return torch.linspace(1.0 / near, 1.0 / far, min(max(count, 8), MOST_PLANES))


def _window_around(seen: Bool[Tensor, "h w"]) -> tuple[slice, slice]:
    """The pixels that are seen, and what windows around them reach."""
    height, width = seen.shape
    rows, columns = seen.any(dim=1).nonzero()[:, 0], seen.any(dim=0).nonzero()[:, 0]
    return (
        slice(max(int(rows[0]) - RADIUS, 0), min(int(rows[-1]) + RADIUS + 1, height)),
        slice(max(int(columns[0]) - RADIUS, 0), min(int(columns[-1]) + RADIUS + 1, width)),
    )


def _possible_at(
    photographs: Photographs,
    view: int,
    inverse: Float[Tensor, " planes"],
    window: tuple[slice, slice],
    possible: Possible,
) -> Bool[Tensor, "planes _h _w"]:
    rows, columns = (torch.arange(part.start, part.stop) + 0.5 for part in window)
    camera = photographs.camera(view)
    directions = camera.directions(torch.stack(torch.meshgrid(columns, rows, indexing="xy"), dim=-1))
    points = camera.pose[:, 3] + directions / inverse[:, None, None, None]
    return possible(points.view(-1, 3)).view(points.shape[:3])


def correlate(
    photographs: Photographs,
    view: int,
    others: Int[Tensor, " others"],
    inverse_depths: Float[Tensor, " planes"],
    window: tuple[slice, slice],
) -> Float[Tensor, "planes _h _w"]:
    """Normalised cross-correlation in [-1, 1] of the windows around each pixel of a view with what neighbours show
    through each plane: the mean over the DECIDING best of them, so that those from which something hides the place have
    no say. -1 where there is nothing to see.

    Args:
        window: rows and columns of the view's picture.
    """
    rotations, epipoles = photographs.homographies(view, others)
    shift = torch.eye(3, dtype=torch.float64)
    shift[0, 2], shift[1, 2] = window[1].start, window[0].start
    template = photographs.pictures[view][window]
    out = np.full((len(inverse_depths), *template.shape), -1.0, np.float32)
    _kernels().plane_correlations(
        as_array(template),
        as_array(photographs.pictures[others]),
        as_array(photographs.sizes[others]),
        as_array((rotations @ shift).float()),
        as_array(epipoles.float()),
        as_array(inverse_depths),
        RADIUS,
        np.float32(FLATTEST),
        np.float32(SATURATED),
        np.float32(MOST_SATURATED),
        min(DECIDING, len(others)),
        out,
    )
    return torch.from_numpy(out)


def aggregated(costs: Float[Tensor, "h w planes"]) -> Float[Tensor, "h w planes"]:
    """Costs summed along eight paths that end in each pixel."""
    out = np.zeros(tuple(costs.shape), np.float32)
    _kernels().aggregate(as_array(costs), np.float32(SMALL), np.float32(LARGE), out)
    return torch.from_numpy(out)


def warm_up() -> None:
    """Compiles the kernels, or loads them from the disk cache: a time budget must not pay for that."""
    pose, size = torch.eye(4)[None, :3], 2 * RADIUS + 2
    view = Photographs(pose[:, :, :3], pose, torch.zeros(1, size, size), torch.tensor([[size, size]]))
    whole = (slice(0, size), slice(0, size))
    aggregated(correlate(view, 0, torch.zeros(1, dtype=torch.long), torch.ones(2), whole).permute(1, 2, 0).contiguous())


def _kernels() -> Any:
    """Compiled functions, of whose arguments a type checker knows nothing; Numba is loaded at their first use."""
    from idr_neus_plugins.core import depth_kernels

    return depth_kernels


def _between_planes(
    costs: Float[Tensor, "h w planes"], where: Int[Tensor, "h w"], inverse: Float[Tensor, " planes"]
) -> Float[Tensor, "h w"]:
    """Depth at the lowest point of a parabola through the cost of the best plane and of those beside it."""
    inner = where.clamp(1, len(inverse) - 2)
    before, at, after = (costs.gather(2, (inner + k)[..., None])[..., 0] for k in (-1, 0, 1))
    bend = (before - 2.0 * at + after).clamp(min=1e-6)
    shift = (0.5 * (before - after) / bend).clamp(-0.5, 0.5)
    return 1.0 / (inverse[inner] + shift * (inverse[1] - inverse[0]))


def _confirmed(photographs: Photographs, found: list[DepthMap], view: int) -> DepthMap:
    """Only the depths that AGREEING other views know, too."""
    depth, correlation, spacing = found[view]
    points, rows, columns = points_of(photographs, found[view], view)
    agreeing = torch.zeros(len(points), dtype=torch.long)
    for other, known in enumerate(found):
        if other != view and known.spacing > 0:
            there, own = depths_at(photographs, known, other, points)
            agreeing += (there > 0) & ((1.0 / there.clamp(min=1e-9) - 1.0 / own).abs() < TOLERANCE * known.spacing)
    kept = torch.zeros_like(depth, dtype=torch.bool)
    kept[rows, columns] = agreeing >= AGREEING
    return DepthMap(torch.where(kept, depth, 0.0), torch.where(kept, correlation, -1.0), spacing)


def points_of(
    photographs: Photographs, known: DepthMap, view: int
) -> tuple[Float[Tensor, "points 3"], Int[Tensor, " points"], Int[Tensor, " points"]]:
    """Scene points of what a view knows, and the rows and columns of its picture that show them."""
    rows, columns = (known.depth > 0).nonzero(as_tuple=True)
    camera = photographs.camera(view)
    directions = camera.directions(torch.stack([columns, rows], dim=1) + 0.5)
    return camera.pose[:, 3] + directions * known.depth[rows, columns][:, None], rows, columns


def depths_at(
    photographs: Photographs, known: DepthMap, view: int, points: Float[Tensor, "points 3"]
) -> tuple[Float[Tensor, " points"], Float[Tensor, " points"]]:
    """Depths that the view knows in the pixels where it shows the points (0: none), and the points' own depths."""
    camera = photographs.camera(view)
    depth = (points - camera.pose[:, 3]) @ camera.pose[:, 2]
    height, width = photographs.sizes[view].tolist()
    column, row = camera.project(points).floor().nan_to_num(-1.0).clamp(-1.0, 1e6).long().unbind(dim=1)
    within = (depth > 0) & (column >= 0) & (column < width) & (row >= 0) & (row < height)
    there = torch.where(within, known.depth[row.clamp(0, height - 1), column.clamp(0, width - 1)], 0.0)
    return there, depth.clamp(min=1e-9)
