"""Points where the photographs agree that a surface is, found near the current one.

From pixels spread over every view, the reference, the current surface is moved along the ray until neighbouring views
show there what the reference shows (``core.plane_sweep``): on coarse pictures first, which bridge several pixels, then
on fine ones.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import normalize

from idr_neus_plugins.core.photographs import Photographs
from idr_neus_plugins.core.plane_sweep import Patches, best_plane, sweep
from idr_neus_plugins.core.views import Views
from idr_neus_plugins.models.surface_tracks import Trace

LONGER_SIDE = 1000
"""Photographs are shrunk by a whole factor until they have no more pixels across."""
CLOSEST = 2.0
"""Pixels between pixels: patches closer to each other tell nothing new."""
RADIUS = 3
"""Of a patch: 7 × 7 pixels."""
SWEEPS = ((4, 6), (2, 3), (1, 3))
"""Pixels of the photographs per pixel of the pictures, and planes to either side of where the surface is thought to be.
They are half a pixel of the pictures apart, as the neighbours see them."""
DECIDING = 3
"""Neighbours that must show a point; where there are fewer, nothing is sure."""
MIN_COSINE = 0.3
"""Between the normal and the ray."""
MIN_NCC = 0.8


class Matches(NamedTuple):
    """Places of the surface that were held against the photographs."""

    places: Float[Tensor, "places 3"]
    """On the surface as it was."""
    found: Float[Tensor, "places 3"]
    """Where the photographs show it."""
    sure: Bool[Tensor, " places"]
    """Whether they do."""
    behind: Bool[Tensor, " places"]
    """Whether that is farther from the camera."""


@torch.no_grad()
def matched_points(views: Views, trace: Trace, count: int) -> Matches:
    """The surface in about ``count`` pixels, as the photographs have it. Pinhole cameras only."""
    finest = Photographs.of(views, LONGER_SIDE)
    level = max(views.images.shape[1:3]) // max(finest.pictures.shape[1:3])
    levels = {shrink: finest.shrunk(shrink) for shrink, _ in SWEEPS}
    nothing = finest.poses.new_zeros(0, 3)
    none = torch.zeros(0, dtype=torch.bool, device=nothing.device)
    matches = [Matches(nothing, nothing, none, none)]
    for view, pixels in enumerate(_spread_pixels(views, count)):
        surface = _Surface(finest, view, pixels / level, trace)
        if len(surface.distances):
            others = finest.neighbours(view, surface.middle)
            if len(others) >= DECIDING:
                matches.append(surface.moved(levels, others))
    return Matches(*(torch.cat(parts) for parts in zip(*matches, strict=True)))


class _Surface:
    """What one view sees of the current surface in some of its pixels."""

    def __init__(self, photographs: Photographs, view: int, pixels: Float[Tensor, "n 2"], trace: Trace) -> None:
        camera = photographs.camera(view)
        directions = normalize(camera.directions(pixels), dim=1)
        distances, met, normals = trace(camera.pose[:, 3].expand_as(directions), directions)
        kept = met & (-(directions * normals).sum(dim=1) > MIN_COSINE)
        self.view, self.centre, self.poses = view, camera.pose[:, 3], photographs.poses
        self.pixels, self.normals, self.directions, self.distances = (
            part[kept] for part in (pixels, normals, directions, distances)
        )
        self.pixel_width = self.distances / camera.intrinsics[0, 0]
        """At the surface, scene units."""

    @property
    def places(self) -> Float[Tensor, "n 3"]:
        return self.centre + self.directions * self.distances[:, None]

    @property
    def middle(self) -> Float[Tensor, " 3"]:
        return self.places.mean(dim=0)

    def moved(self, levels: dict[int, Photographs], others: Int[Tensor, " others"]) -> Matches:
        """Where it is found along the rays."""
        towards = normalize(self.poses[:, :, 3] - self.middle, dim=1)
        baseline = (towards[others] @ towards[self.view]).clamp(-1.0, 1.0).acos().median().sin()
        along = self.pixel_width / baseline  # of the ray: a pixel of the neighbours
        found, ncc = self.distances, self.distances
        for shrink, planes in SWEEPS:
            steps = 0.5 * shrink * torch.arange(-planes, planes + 1).to(found)
            distances = found[:, None] + along[:, None] * steps
            patches = Patches(self.view, self.pixels / shrink, self.normals, RADIUS)
            found, ncc = best_plane(sweep(levels[shrink], patches, others, distances, DECIDING), distances)
        there = self.centre + self.directions * found[:, None]
        return Matches(self.places, there, ncc > MIN_NCC, found > self.distances)


def _spread_pixels(views: Views, count: int) -> list[Float[Tensor, "pixels 2"]]:
    """Pixels (x, y) of every view, one at random in each cell of a grid; of the foreground where there are masks."""
    masks = views.masks
    area = int(views.sizes.prod(dim=1).sum() if masks is None else masks.sum())
    spacing = max(math.sqrt(area / count), CLOSEST)
    spread = []
    for view, (height, width) in enumerate(views.sizes.tolist()):
        rows, columns = (torch.arange(0, max(size - spacing, 0), spacing) for size in (height, width))
        cells = torch.cartesian_prod(columns, rows)
        pixels = (cells + spacing * torch.rand_like(cells)).to(views.intrinsics)
        if masks is not None:
            column, row = pixels.long().unbind(dim=1)
            pixels = pixels[masks[view][row, column]]
        spread.append(pixels)
    return spread
