"""How well silhouettes and cameras agree with each other, without any model of the surface."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from idr_neus_plugins.core.intersection import ray_sphere
from idr_neus_plugins.core.placement import uniform_edges
from idr_neus_plugins.core.views import Views
from idr_neus_plugins.core.visual_hull import in_visual_hull

RESOLUTION = 64
"""Samples of the hull along each axis of the unit sphere's box."""


@torch.no_grad()
def silhouette_coherence(views: Views, rays_per_view: int = 300, seed: int = 0) -> float:
    """Share of the silhouettes' pixels behind which there is some of the visual hull (Hernandez et al. 2007).

    The hull lies within all silhouettes by construction. Exact cameras make it fill them: the coherence is 1, but for
    the hull's sampling. Where cameras are off, the silhouettes cut off each other's parts. Within the unit sphere.

    Args:
        rays_per_view: pixels looked at in each view, chosen evenly at random among its foreground.
    """
    axis = torch.linspace(-1.0, 1.0, RESOLUTION, device=views.intrinsics.device)
    hull = in_visual_hull(torch.cartesian_prod(axis, axis, axis), views).view(RESOLUTION, RESOLUTION, RESOLUTION)
    generator = torch.Generator().manual_seed(seed)
    covered = [_covered(hull, *_foreground_rays(views, view, rays_per_view, generator)) for view in _seen(views)]
    return float(torch.cat(covered).float().mean()) if covered else 0.0


def _seen(views: Views) -> list[int]:
    """Views that have a foreground."""
    assert views.masks is not None, "coherence needs foreground masks"
    return views.masks.flatten(1).any(dim=1).nonzero()[:, 0].tolist()


def _foreground_rays(
    views: Views, view: int, count: int, generator: torch.Generator
) -> tuple[Float[Tensor, "rays 3"], Float[Tensor, "rays 3"]]:
    """Origins and unit directions through pixels of a view's foreground."""
    assert views.masks is not None
    rows_columns = views.masks[view].nonzero()
    chosen = rows_columns[torch.randint(len(rows_columns), (count,), generator=generator).to(rows_columns.device)]
    pixels = torch.cat([chosen.flip(1) + 0.5, torch.ones_like(chosen[:, :1])], dim=1).to(views.intrinsics)
    rotation, centre = views.camera_to_scene[view, :, :3], views.camera_to_scene[view, :, 3]
    directions = pixels @ torch.linalg.inv(views.intrinsics[view]).T @ rotation.T
    return centre.expand(count, 3), torch.nn.functional.normalize(directions, dim=1)


def _covered(hull: Bool[Tensor, "x y z"], origins: Tensor, directions: Tensor) -> Bool[Tensor, " rays"]:
    """Whether there is some of the hull on each ray."""
    near, far, _ = ray_sphere(origins, directions)
    distances = uniform_edges(near, far, 2 * RESOLUTION)
    points = origins[:, None] + distances[..., None] * directions[:, None]
    nodes = ((points + 1.0) * 0.5 * (RESOLUTION - 1)).round().long().clamp(0, RESOLUTION - 1)
    return hull[nodes[..., 0], nodes[..., 1], nodes[..., 2]].any(dim=1)
