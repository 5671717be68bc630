"""What a reconstructed surface answers, whoever gives it: a run, a prediction from one image, an analytic solid.

Meshing, texturing, the viewer, evaluation and pose know surfaces by this protocol only. Everything is in the frame of
the normalised scene and in its units, on the device of ``region``, without gradients.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

from jaxtyping import Bool, Float
from torch import Tensor

from idr_neus_plugins.core.tracing import TracingSettings, trace_rays


class SurfaceHits(NamedTuple):
    """Where rays meet a surface first."""

    distances: Float[Tensor, " rays"]
    """Along the unit rays, scene units; they mean nothing where nothing is met."""
    met: Bool[Tensor, " rays"]
    normals: Float[Tensor, "rays 3"]
    """Unit, outward; of any length where nothing is met."""


@runtime_checkable
class Surface(Protocol):
    """The zero level of a function on the scene, and its colour."""

    region: Float[Tensor, "2 3"]
    """Lowest and highest corner of the region of interest, scene units; nothing is to be asked far outside of it."""
    world_from_scene: Float[Tensor, "4 4"]
    """The frame: similarity from the scene to the world of the input cameras (millimetres for DTU), float64."""

    def sdf(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
        """Negative inside, 0 on the surface; near it a signed distance in scene units, if the method knows distances
        (not for the densities of nerf-fast)."""
        ...

    def normals(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, "points 3"]:
        """Unit gradients of ``sdf``, which point outwards."""
        ...

    def colors(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, "points 3"]:
        """RGB in [0, 1] of points on the surface, seen along their normals from outside."""
        ...

    def radiance(
        self, positions: Float[Tensor, "points 3"], directions: Float[Tensor, "points 3"]
    ) -> Float[Tensor, "points 3"]:
        """RGB in [0, 1] of points on the surface, seen along unit ``directions`` into the scene."""
        ...

    def trace(self, origins: Float[Tensor, "rays 3"], directions: Float[Tensor, "rays 3"]) -> SurfaceHits:
        """The first surface on rays with unit ``directions``."""
        ...


def trace_surface(
    surface: Surface, origins: Float[Tensor, "rays 3"], directions: Float[Tensor, "rays 3"], lipschitz: float = 1.0
) -> SurfaceHits:
    """:meth:`Surface.trace` for surfaces that have only their ``sdf`` to offer: sphere tracing, then a search, within
    the sphere around the scene's origin that touches the farthest side of the region.

    Args:
        lipschitz: the sdf changes at most this much per scene unit; at least 1.
    """
    radius = float(surface.region.abs().max())
    traced = trace_rays(
        lambda positions: surface.sdf(positions) / lipschitz, origins, directions, TracingSettings(), radius=radius
    )
    points = origins + traced.distances[:, None] * directions
    return SurfaceHits(traced.distances, traced.on_surface, surface.normals(points))
