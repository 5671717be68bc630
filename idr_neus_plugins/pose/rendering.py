"""Differentiable silhouettes, colours and depths of a cached shape under many poses at once.

Silhouette: sigmoid of the smallest signed distance along the ray, measured in pixels at the depth of the object's
origin. The place of the smallest value is held; its derivative does not count, because the value is smallest there (the
envelope theorem). Colour and depth: at the first surface point, differentiable as in IDR (Yariv et al.
2020, equation 3).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from idr_neus_plugins.pose.march import March, march
from idr_neus_plugins.pose.shape_grid import ShapeGrid
from idr_neus_plugins.pose.similarity import Poses

SATURATED = 7.0
"""Signed distance in widths of the silhouette's border from which on it is 0 or 1, and constant."""
STEEPEST = 0.1
"""Least change of the signed distance per unit along a ray that is counted on: rays that graze the surface would else
throw their surface points far."""


class Rendered(NamedTuple):
    silhouettes: Float[Tensor, "poses rays"]
    """Share of the pixel that the object covers."""
    met: Bool[Tensor, "poses rays"]
    """Whether the ray meets the surface; the following two mean nothing where it does not."""
    colors: Float[Tensor, "poses rays 3"]
    depths: Float[Tensor, "poses rays"]
    """Along the optical axis, camera units."""


def object_rays(
    poses: Poses, directions: Float[Tensor, "#poses rays 3"], stretches: Float[Tensor, "poses 3"] | None = None
) -> tuple[Float[Tensor, "poses 3"], Float[Tensor, "poses rays 3"]]:
    """Origins and directions in the object frame of camera rays with depth 1; multiples of these are depths.

    Of a shape that is stretched along its axes in the frame where it is not: lines remain lines.
    """
    inverse = poses.rotations / poses.scales[:, None, None]
    if stretches is not None:
        inverse = inverse / stretches[:, None]
    return -(poses.translations[:, None] @ inverse)[:, 0], directions @ inverse


def render(
    shape: ShapeGrid,
    poses: Poses,
    directions: Float[Tensor, "#poses rays 3"],
    pixels: Float[Tensor, " #poses"],
    found: March | None = None,
    stretches: Float[Tensor, "poses 3"] | None = None,
) -> Rendered:
    """The shape under each pose.

    Args:
        directions: of camera rays, with depth 1.
        pixels: width of the silhouettes' borders at depth 1, camera units: some share of a pixel over the focal length.
        found: of these very rays, to hold it while poses change; marched anew by default.
        stretches: of the shape along its axes. Signed distances stay those of the shape as it was: the silhouette's
            border is at the right place, and wider or narrower by the stretch.
    """
    origins, rays = object_rays(poses, directions, stretches)
    sharpness = poses.scales / (poses.translations[:, 2].clamp(min=1e-3) * pixels)
    if found is None:
        found = march(shape, origins.detach(), rays.detach(), SATURATED / sharpness.detach())
    silhouettes = _silhouettes(shape, origins, rays, found, sharpness[:, None].expand_as(found.values))
    met = found.met.isfinite()
    depths, points = _surface(shape, origins, rays, found, met)
    colors = rays.new_zeros(rays.shape).index_put((met,), shape.rgb(points))
    return Rendered(silhouettes, met, colors, torch.zeros_like(found.met).index_put((met,), depths))


def _silhouettes(
    shape: ShapeGrid, origins: Tensor, rays: Tensor, found: March, sharpness: Float[Tensor, "poses rays"]
) -> Float[Tensor, "poses rays"]:
    """Asks the shape again, for its derivatives, only where the silhouette has some: at its border."""
    sharp = (found.values * sharpness).detach()
    border = sharp.abs() < SATURATED
    sdf = shape.distances(origins[:, None].expand_as(rays)[border] + found.closest[border][:, None] * rays[border])
    return torch.sigmoid(-sharp).index_put((border,), torch.sigmoid(-sdf * sharpness[border]))


def _surface(
    shape: ShapeGrid, origins: Tensor, rays: Tensor, found: March, met: Tensor
) -> tuple[Float[Tensor, " hits"], Float[Tensor, "hits 3"]]:
    """Depths and object points of the rays that meet the surface."""
    starts, along, depths = origins[:, None].expand_as(rays)[met], rays[met], found.met[met]
    steepest = -STEEPEST * along.detach().norm(dim=1)
    slopes = found.slopes[met].minimum(steepest)
    value = shape.distances(starts + depths[:, None] * along)
    depths = depths - (value - value.detach()) / slopes
    return depths, starts + depths[:, None] * along
