"""Points where the photographs agree that a surface is, found near the current one.

From pixels spread over every view, the reference, the current surface is moved along the ray until neighbouring views
show there what the reference shows (``core.plane_sweep``): on coarse pictures first, which bridge several pixels, then
on fine ones.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import normalize

from idr_neus_plugins.core.patches import shrunk
from idr_neus_plugins.core.plane_sweep import Patches, Photographs, best_plane, sweep
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
NEIGHBOURS, DECIDING = 8, 3
"""Views that a point is looked for in, and how many of them must show it; where there are fewer, nothing is sure."""
ANGLES = (5.0, 45.0)
"""Degrees between the rays of a neighbour and of the reference. Flatter pairs do not tell depths, steeper ones see
another side."""
MIN_COSINE = 0.3
"""Between the normal and the ray."""
MIN_NCC = 0.8


@torch.no_grad()
def matched_points(views: Views, trace: Trace, count: int) -> Float[Tensor, "points 3"]:
    """Of about ``count`` pixels, those that the neighbours agree on, as points of the scene. Pinhole cameras only."""
    level = math.ceil(max(views.images.shape[1:3]) / LONGER_SIDE)
    finest = _photographs(views, level)
    levels = {shrink: _shrunk(finest, shrink) for shrink, _ in SWEEPS}
    found = [finest.poses.new_zeros(0, 3)]
    for view, pixels in enumerate(_spread_pixels(views, count)):
        surface = _Surface(finest, view, pixels / level, trace)
        others = surface.neighbours()
        if len(others) >= DECIDING:
            found.append(surface.moved(levels, others))
    return torch.cat(found)


class _Surface:
    """What one view sees of the current surface in some of its pixels."""

    def __init__(self, photographs: Photographs, view: int, pixels: Float[Tensor, "n 2"], trace: Trace) -> None:
        camera = photographs.camera(view)
        directions = normalize(camera.directions(pixels), dim=1)
        distances, met, normals = trace(camera.pose[:, 3].expand_as(directions), directions)
        kept = met & (-(directions * normals).sum(dim=1) > MIN_COSINE)
        self.view, self.centre = view, camera.pose[:, 3]
        self.pixels, self.normals, self.directions, self.distances = (
            part[kept] for part in (pixels, normals, directions, distances)
        )
        self.pixel_width = self.distances / camera.intrinsics[0, 0]
        """At the surface, scene units."""
        middle = (self.centre + self.directions * self.distances[:, None]).mean(dim=0)
        towards = normalize(photographs.poses[:, :, 3] - middle, dim=1)
        self.angles = (towards @ towards[view]).clamp(-1.0, 1.0).acos()
        """Between the rays from the middle of what is seen to all views and to this one."""

    def neighbours(self) -> Int[Tensor, " others"]:
        """Views that look from close by at what this one sees; none where it sees nothing."""
        order = self.angles.argsort()
        low, high = (math.radians(bound) for bound in ANGLES)
        return order[(self.angles[order] >= low) & (self.angles[order] <= high)][:NEIGHBOURS]

    def moved(self, levels: dict[int, Photographs], others: Int[Tensor, " others"]) -> Float[Tensor, "m 3"]:
        """Where it is found along the rays; only what is found for sure."""
        along = self.pixel_width / self.angles[others].median().sin()  # of the ray: a pixel of the neighbours
        found, ncc = self.distances, self.distances
        for shrink, planes in SWEEPS:
            steps = 0.5 * shrink * torch.arange(-planes, planes + 1).to(found)
            distances = found[:, None] + along[:, None] * steps
            patches = Patches(self.view, self.pixels / shrink, self.normals, RADIUS)
            found, ncc = best_plane(sweep(levels[shrink], patches, others, distances, DECIDING), distances)
        sure = ncc > MIN_NCC
        return self.centre + (self.directions * found[:, None])[sure]


def _photographs(views: Views, level: int) -> Photographs:
    grey = views.intrinsics.new_tensor([0.299, 0.587, 0.114]) / 255.0
    pictures = torch.stack([shrunk(image.float() @ grey, level) for image in views.images])
    return Photographs(_scaled(views.intrinsics, level), views.camera_to_scene, pictures, views.sizes // level)


def _shrunk(photographs: Photographs, level: int) -> Photographs:
    pictures = torch.stack([shrunk(picture, level) for picture in photographs.pictures])
    scaled = _scaled(photographs.intrinsics, level)
    return Photographs(scaled, photographs.poses, pictures, photographs.sizes // level)


def _scaled(intrinsics: Float[Tensor, "views 3 3"], level: int) -> Float[Tensor, "views 3 3"]:
    return intrinsics / intrinsics.new_tensor([level, level, 1.0])[:, None]


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
