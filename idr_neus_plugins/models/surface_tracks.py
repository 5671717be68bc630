"""Points of the current surface and where the training views see them: what a bundle adjustment starts from.

Points are taken at corners of the photographs, one per cell and view, on the surface as it is now. From the view that
it was taken in, the reference, each is followed into all other views that see the surface there (``core.patches``):
first on coarse pictures, which bridge several pixels, then on finer ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import max_pool2d, normalize

from idr_neus_plugins.core.bundle import Observations
from idr_neus_plugins.core.patches import (
    TensorCamera,
    align,
    best_of_cells,
    cornerness,
    sample,
    shrunk,
    square_offsets,
    tangent_patches,
)
from idr_neus_plugins.core.views import Views

Trace = Callable[[Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]
"""Origins and unit directions [n, 3] -> distances [n] to the surface, whether there is one [n], unit normals [n, 3]."""

RADIUS = 5
"""Of a patch: 11 × 11 pixels of each level."""
LEVELS = (4, 2, 1)
"""Pixels of the photographs per pixel of the pictures, coarse to fine."""
CELLS_ACROSS = 16
"""Cells along the longer side of a photograph."""
MIN_COSINE = 0.4
"""Between the normal and the ray: patches seen at a flatter angle are not followed."""
OCCLUDED = 0.02
"""Scene units by which the surface on the way to a point may be nearer than the point."""
MIN_NCC = 0.8
MIN_CORNERNESS = 1e-4
MIN_VIEWS = 3
"""Views, with the reference, that must see a point."""


class NoCorners(Exception):
    """There is no point of the surface that could be recognised."""


@dataclass(frozen=True)
class SurfacePoints:
    """Points of the surface with their references."""

    positions: Float[Tensor, "points 3"]
    normals: Float[Tensor, "points 3"]
    references: Int[Tensor, " points"]
    pixels: Float[Tensor, "points 2"]
    """In the reference."""


def find_tracks(views: Views, trace: Trace) -> tuple[Float[Tensor, "points 3"], Observations]:
    """Surface points and the pixels that show them, for those that MIN_VIEWS views show. Pinhole cameras only.

    Raises NoCorners where the photographs have no corners on the surface.
    """
    pictures = views.images.float() @ views.intrinsics.new_tensor([0.299, 0.587, 0.114]) / 255.0
    points = _points(views, pictures, trace)
    found = [_reference_observations(points)]
    for view in range(len(pictures)):
        visible = _visible(view, views, points, trace)
        if len(visible):
            found.append(_observed_in(view, views, pictures, points, visible))
    seen = Observations(*(torch.cat(parts) for parts in zip(*found, strict=True)))
    counts = torch.bincount(seen.points, minlength=len(points.positions))
    return points.positions, seen.where(counts[seen.points] >= MIN_VIEWS)


def _camera(views: Views, view: int) -> TensorCamera:
    return TensorCamera(views.intrinsics[view], views.camera_to_scene[view])


def _points(views: Views, pictures: Float[Tensor, "views h w"], trace: Trace) -> SurfacePoints:
    cell = max(pictures.shape[1:]) // CELLS_ACROSS
    parts = []
    for view, picture in enumerate(pictures):
        score = cornerness(picture, RADIUS)
        pixels = best_of_cells(score, _inner(views, view) & (score > MIN_CORNERNESS), cell)
        if not len(pixels):
            continue
        camera = _camera(views, view)
        directions = normalize(camera.directions(pixels), dim=1)
        origins = camera.pose[:, 3].expand_as(directions)
        distances, met, normals = trace(origins, directions)
        kept = met & (-(directions * normals).sum(dim=1) > MIN_COSINE)
        positions = origins + distances[:, None] * directions
        references = torch.full_like(distances, view, dtype=torch.long)
        parts.append([part[kept] for part in (positions, normals, references, pixels)])
    if not parts:
        raise NoCorners
    return SurfacePoints(*(torch.cat(part) for part in zip(*parts, strict=True)))


def _inner(views: Views, view: int) -> Bool[Tensor, "h w"]:
    """The image, or its foreground, without a border that patches would cross."""
    height, width = views.images.shape[1:3]
    rows, columns = (torch.arange(size, device=views.images.device) for size in (height, width))
    within = (rows < views.sizes[view, 0])[:, None] & (columns < views.sizes[view, 1])
    inside = within if views.masks is None else within & views.masks[view]
    # Padded by outside: the image's own edge is a border, too.
    outside = torch.nn.functional.pad((~inside).float()[None], (RADIUS,) * 4, value=1.0)
    return max_pool2d(outside, 2 * RADIUS + 1, stride=1)[0] < 0.5


def _visible(view: int, views: Views, points: SurfacePoints, trace: Trace) -> Int[Tensor, " visible"]:
    """Points that the view sees, other than its own."""
    camera = _camera(views, view)
    towards = camera.pose[:, 3] - points.positions
    distances = towards.norm(dim=1)
    directions = -towards / distances[:, None]
    pixels = camera.project(points.positions)
    height, width = views.sizes[view].tolist()
    within = (pixels >= RADIUS).all(dim=1) & (pixels[:, 0] < width - RADIUS) & (pixels[:, 1] < height - RADIUS)
    facing = -(directions * points.normals).sum(dim=1) > MIN_COSINE
    candidates = (within & facing & (points.references != view)).nonzero()[:, 0]
    if not len(candidates):
        return candidates
    reached, met, _ = trace(camera.pose[:, 3].expand(len(candidates), 3), directions[candidates])
    return candidates[met & ((reached - distances[candidates]).abs() < OCCLUDED)]


def _observed_in(
    view: int, views: Views, pictures: Tensor, points: SurfacePoints, chosen: Int[Tensor, " chosen"]
) -> Observations:
    """Where the view shows the chosen points; only those whose patches look alike."""
    camera = _camera(views, view)
    shifts = points.positions.new_zeros(len(chosen), 2)
    ncc = shifts.new_zeros(len(chosen))
    for level in LEVELS:
        patches, templates = _templates(views, pictures, points, chosen, level)
        picture = shrunk(pictures[view], level)
        found = align(templates, picture, camera.project(patches) / level, shifts / level)
        shifts, ncc = found.shifts * level, found.ncc
    pixels = camera.project(points.positions[chosen]) + shifts
    good = ncc > MIN_NCC
    return Observations(torch.full_like(chosen[good], view), chosen[good], pixels[good])


def _templates(
    views: Views, pictures: Tensor, points: SurfacePoints, chosen: Int[Tensor, " chosen"], level: int
) -> tuple[Float[Tensor, "chosen pixels 3"], Float[Tensor, "chosen pixels"]]:
    """Tangent patches, and what their references show there."""
    offsets = square_offsets(RADIUS).to(points.positions)
    patches = points.positions.new_zeros(len(chosen), len(offsets), 3)
    values = patches.new_zeros(patches.shape[:2])
    for reference in points.references[chosen].unique().tolist():
        own = (points.references[chosen] == reference).nonzero()[:, 0]
        at = chosen[own]
        pixels = points.pixels[at]
        plane = (points.positions[at], points.normals[at])
        patches[own] = tangent_patches(_camera(views, reference), pixels, *plane, level * offsets)
        shown = sample(shrunk(pictures[reference], level)[None], pixels[:, None] / level + offsets)
        values[own] = shown[0]
    return patches, values


def _reference_observations(points: SurfacePoints) -> Observations:
    return Observations(points.references, torch.arange(len(points.pixels)).to(points.references), points.pixels)
