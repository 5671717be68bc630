"""Finding where rays meet the zero level of an sdf: sphere tracing from both ends, then a search (IDR, appendix).

All distances are along unit rays, in scene units. Nothing here has a derivative; see ``implicit``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from idr_neus_plugins.core.intersection import ray_sphere
from idr_neus_plugins.core.placement import uniform_edges
from idr_neus_plugins.core.root_finding import first_sign_change, regula_falsi

Sdf = Callable[[Float[Tensor, "points 3"]], Float[Tensor, " points"]]
"""Signed distance at points, negative inside."""

POINTS_AT_ONCE = 1 << 15
"""Bounds the memory of the search: a network of 8 x 512 needs 2 KB a point and layer."""


class RayStatus(IntEnum):
    """What became of a ray."""

    OUTSIDE = 0
    """It never enters the region of interest."""
    PASSED = 1
    """It crosses the region and meets nothing."""
    TRACED = 2
    """Sphere tracing came to the surface."""
    SEARCHED = 3
    """Sphere tracing did not; a change of sign between samples did."""
    INSIDE = 4
    """It enters the region inside the solid, which is cut there. Its distance is that of the cut."""


@dataclass(frozen=True)
class TracedRays:
    status: UInt8[Tensor, " rays"]
    """Values of :class:`RayStatus`."""
    distances: Float[Tensor, " rays"]
    """To the surface; where none was met, to the end of the ray's part in the region."""
    lowest: Float[Tensor, " rays"] | None = None
    """Distance at which the sdf is lowest on the ray's part in the region, where that was asked for. Outside the
    region: of the ray's closest approach to the origin."""

    @property
    def on_surface(self) -> Bool[Tensor, " rays"]:
        """Whether the distance is that of the zero level."""
        return (self.status == RayStatus.TRACED) | (self.status == RayStatus.SEARCHED)

    @property
    def solid(self) -> Bool[Tensor, " rays"]:
        """Whether the ray meets the solid at all: its surface, or where the region cuts it."""
        return self.status >= RayStatus.TRACED


@dataclass(frozen=True)
class TracingSettings:
    """The released settings of IDR."""

    iterations: int = 10
    """Steps of sphere tracing from either end."""
    threshold: float = 5e-5
    """A point this close to the surface is on it, scene units."""
    halvings: int = 3
    """A step that ends inside the solid is halved this often before the search takes over."""
    samples: int = 100
    """Samples of the search for a change of sign, and of that for the lowest value."""
    secant_steps: int = 8


@torch.no_grad()
def trace_rays(
    sdf: Sdf,
    origins: Float[Tensor, "rays 3"],
    directions: Float[Tensor, "rays 3"],
    settings: TracingSettings,
    find_lowest: bool = False,
    radius: float = 1.0,
) -> TracedRays:
    """The first surface on each ray within a sphere around the scene's origin.

    Args:
        sdf: may underestimate distances, and overestimate them a little: steps that end inside are shortened, and what
            sphere tracing leaves open is searched.
        find_lowest: also return where the sdf is lowest on each ray (the soft silhouette of IDR's mask loss).
    """
    near, far, enters = ray_sphere(origins, directions, radius)
    status = enters.to(torch.uint8) * int(RayStatus.PASSED)
    distances = far.clone()
    crossing = enters.nonzero().squeeze(1)
    if len(crossing):
        ray = (origins[crossing], directions[crossing])
        status[crossing], distances[crossing] = _meet(sdf, *ray, near[crossing], far[crossing], settings)
    lowest = _lowest(sdf, origins, directions, near, far, enters, settings.samples) if find_lowest else None
    return TracedRays(status, distances, lowest)


def _meet(
    sdf: Sdf, origins: Tensor, directions: Tensor, near: Tensor, far: Tensor, settings: TracingSettings
) -> tuple[UInt8[Tensor, " rays"], Float[Tensor, " rays"]]:
    """Status and distance of rays that cross the region."""
    front, values = _trace(sdf, origins, directions, near, far, settings)
    status = torch.full_like(front, int(RayStatus.PASSED), dtype=torch.uint8)
    status[(values <= settings.threshold) & (front <= far)] = int(RayStatus.TRACED)
    status[(values <= 0) & (front == near)] = int(RayStatus.INSIDE)
    distances = torch.where(status == RayStatus.PASSED, far, front)
    left = ((status == RayStatus.PASSED) & (front < far)).nonzero().squeeze(1)
    if len(left):
        ray, front, far = (origins[left], directions[left]), front[left], far[left]
        back = _trace_back(sdf, *ray, front, far, settings)
        found, at = _search(sdf, *ray, front, back, settings)
        status[left[found]] = int(RayStatus.SEARCHED)
        distances[left[found]] = at
    return status, distances


def _trace(
    sdf: Sdf, origins: Tensor, directions: Tensor, start: Tensor, end: Tensor, settings: TracingSettings
) -> tuple[Float[Tensor, " rays"], Float[Tensor, " rays"]]:
    """Sphere tracing: the last distance in free space (or on the surface) on each ray, and the sdf there."""
    distances = start.clone()
    values = sdf_along(sdf, origins, directions, start)
    active = ((values > settings.threshold) & (distances < end)).nonzero().squeeze(1)
    for _ in range(settings.iterations):
        if len(active) == 0:
            break
        ray, steps = (origins[active], directions[active]), values[active]
        ahead, values_ahead = _step(sdf, *ray, distances[active], steps, settings.halvings)
        free = values_ahead >= -settings.threshold
        distances[active] = torch.where(free, ahead, distances[active])
        values[active] = torch.where(free, values_ahead, steps)
        active = active[free & (values_ahead > settings.threshold) & (ahead < end[active])]
    return distances, values


def _trace_back(
    sdf: Sdf, origins: Tensor, directions: Tensor, front: Tensor, far: Tensor, settings: TracingSettings
) -> Float[Tensor, " rays"]:
    """Sphere tracing against the ray: the distance behind which there is only free space."""
    back, _ = _trace(
        sdf, origins + far[:, None] * directions, -directions, torch.zeros_like(far), far - front, settings
    )
    return far - back


def _step(
    sdf: Sdf, origins: Tensor, directions: Tensor, distances: Tensor, steps: Tensor, halvings: int
) -> tuple[Float[Tensor, " rays"], Float[Tensor, " rays"]]:
    """One step of the length of the sdf, halved while it ends inside the solid."""
    ahead = distances + steps
    values = sdf_along(sdf, origins, directions, ahead)
    for halving in range(1, halvings + 1):
        inside = (values < 0).nonzero().squeeze(1)
        if len(inside) == 0:
            break
        ahead[inside] = distances[inside] + 0.5**halving * steps[inside]
        values[inside] = sdf_along(sdf, origins[inside], directions[inside], ahead[inside])
    return ahead, values


def _search(
    sdf: Sdf, origins: Tensor, directions: Tensor, near: Tensor, far: Tensor, settings: TracingSettings
) -> tuple[Bool[Tensor, " rays"], Float[Tensor, " found"]]:
    """Which rays change from free to solid between even samples, and where."""
    distances = uniform_edges(near, torch.maximum(near, far), settings.samples - 1)
    brackets, found = first_sign_change(distances, sdf_along(sdf, origins, directions, distances))
    ray = (origins[found], directions[found])
    return found, regula_falsi(lambda at: sdf_along(sdf, *ray, at), brackets.of(found), settings.secant_steps)


def _lowest(
    sdf: Sdf, origins: Tensor, directions: Tensor, near: Tensor, far: Tensor, enters: Tensor, samples: int
) -> Float[Tensor, " rays"]:
    lowest = near.clone()
    distances = uniform_edges(near[enters], far[enters], samples - 1)
    values = sdf_along(sdf, origins[enters], directions[enters], distances)
    lowest[enters] = distances.gather(1, values.argmin(dim=1, keepdim=True))[:, 0]
    return lowest


def sdf_along(
    sdf: Sdf,
    origins: Float[Tensor, "rays 3"],
    directions: Float[Tensor, "rays 3"],
    distances: Float[Tensor, " rays *samples"],
) -> Float[Tensor, " rays *samples"]:
    """The sdf at one or several distances on each ray, a bounded number of points at a time."""
    table = distances.reshape(len(origins), distances.shape[1:].numel())
    points = (origins[:, None] + table[..., None] * directions[:, None]).reshape(-1, 3)
    values = [sdf(part) for part in points.split(POINTS_AT_ONCE)]
    return torch.cat(values).view(distances.shape) if values else torch.empty_like(distances)
