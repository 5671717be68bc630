"""The first surface on a ray through a grid, looked for in the band around it and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import pad

from idr_neus_plugins.core.intersection import ray_sphere
from idr_neus_plugins.core.placement import uniform_edges
from idr_neus_plugins.core.root_finding import first_sign_change, regula_falsi
from idr_neus_plugins.core.tracing import RayStatus, TracedRays, sdf_along
from idr_neus_plugins.fields.grid.geometry import GridGeometry
from idr_neus_plugins.samplers.tracer import Tracer, TracerConfig


@dataclass
class BandTracerConfig(TracerConfig):
    step: float = 0.75
    """Distance between samples in the band, voxels."""
    secant_steps: int = 4
    """The bracket is shorter than a voxel, where the spline hardly bends."""
    coarse_samples: int = 32
    """Samples on rays that miss the band, to tell where they come closest to the surface."""

    def setup(self, region: Float[Tensor, "2 3"]) -> BandTracer:
        return BandTracer(self)


class BandTracer(Tracer):
    """Even steps through the grid's band, the first change of sign among them, then regula falsi.

    Sphere tracing would need values that are distances; a grid's are, after some training, only near the surface.
    """

    def __init__(self, config: BandTracerConfig) -> None:
        super().__init__()
        self.config = config

    @torch.no_grad()
    def forward(  # type: ignore[override]
        self,
        origins: Float[Tensor, "rays 3"],
        directions: Float[Tensor, "rays 3"],
        geometry: GridGeometry,
        find_lowest: bool,
    ) -> TracedRays:
        near, far, enters = ray_sphere(origins, directions)
        distances, values = self._along(origins, directions, geometry)
        brackets, found = first_sign_change(distances, values)
        status = enters.to(torch.uint8) * int(RayStatus.PASSED)
        status[values[:, 0] <= 0] = int(RayStatus.INSIDE)
        status[found & (values[:, 0] > 0)] = int(RayStatus.SEARCHED)
        met = status == RayStatus.SEARCHED
        ray = (origins[met], directions[met])
        surface = torch.where(status == RayStatus.INSIDE, distances[:, 0], far)
        surface[met] = regula_falsi(
            lambda at: sdf_along(geometry.sdf, *ray, at), brackets.of(met), self.config.secant_steps
        )
        lowest = self._lowest(origins, directions, geometry, distances, values, near, far) if find_lowest else None
        return TracedRays(status, surface, lowest)

    def _along(
        self, origins: Tensor, directions: Tensor, geometry: GridGeometry
    ) -> tuple[Float[Tensor, "rays longest"], Float[Tensor, "rays longest"]]:
        """Distances in the band and the sdf there; infinite after the last one of a ray."""
        rays = len(origins)
        jitter = torch.rand(rays, device=origins.device) if self.training else origins.new_full((rays,), 0.5)
        packed, counts = geometry.march(origins, directions, jitter, self.config.step)
        longest = max(int(counts.max()) if rays else 0, 2)
        slots = _slots(counts, longest)
        of_ray = torch.arange(rays, device=origins.device).repeat_interleave(counts)
        values = geometry(origins[of_ray] + packed[:, None] * directions[of_ray]).sdf
        empty = origins.new_full((rays * longest,), torch.inf)
        tables = [empty.index_put((slots,), part.to(empty)) for part in (packed, values)]
        return tables[0].view(rays, longest), tables[1].view(rays, longest)

    def _lowest(
        self,
        origins: Tensor,
        directions: Tensor,
        geometry: GridGeometry,
        distances: Tensor,
        values: Tensor,
        near: Tensor,
        far: Tensor,
    ) -> Float[Tensor, " rays"]:
        """In the band where the ray has samples there, else among coarse samples of the whole region."""
        at = values.argmin(dim=1, keepdim=True)
        lowest = distances.gather(1, at)[:, 0]
        left = lowest.isinf().nonzero().squeeze(1)
        coarse = uniform_edges(near[left], far[left], self.config.coarse_samples - 1)
        sdf = sdf_along(geometry.sdf, origins[left], directions[left], coarse)
        lowest[left] = coarse.gather(1, sdf.argmin(dim=1, keepdim=True))[:, 0]
        return lowest


def _slots(counts: Int[Tensor, " rays"], longest: int) -> Int[Tensor, " samples"]:
    """Where each packed sample lies in a dense [rays, longest] table."""
    firsts = pad(counts.cumsum(0), (1, 0))[:-1]
    shifts = torch.arange(len(counts), device=counts.device) * longest - firsts
    return shifts.repeat_interleave(counts) + torch.arange(int(counts.sum()), device=counts.device)
