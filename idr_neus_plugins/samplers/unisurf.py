"""UNISURF's samplers: find the surface on the ray, then sample an interval around it that shrinks over the training."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from idr_neus_plugins.core.intersection import ray_sphere
from idr_neus_plugins.core.placement import jitter, uniform_edges
from idr_neus_plugins.core.ray_intervals import RayIntervals
from idr_neus_plugins.core.root_finding import first_sign_change, regula_falsi
from idr_neus_plugins.core.schedules import shrinking_interval
from idr_neus_plugins.fields.geometry import GeometryField
from idr_neus_plugins.laws.law import Law
from idr_neus_plugins.samplers.band import BandSamplerConfig
from idr_neus_plugins.samplers.sampler import Sampler, SamplerConfig


class Placed(NamedTuple):
    intervals: RayIntervals
    surface: Float[Tensor, " rays"]
    """Distance of the first point where the geometry's value passes from free to solid, scene units; 0 without one."""
    met: Bool[Tensor, " rays"]
    """Rays that have such a point."""


class SurfaceSampler(Sampler):
    """A sampler that finds out where rays meet the surface."""

    def place(
        self, origins: Float[Tensor, "rays 3"], directions: Float[Tensor, "rays 3"], geometry: GeometryField
    ) -> Placed:
        """Intervals as of any sampler, and the surface around which they are."""
        raise NotImplementedError

    def forward(
        self, origins: Float[Tensor, "rays 3"], directions: Float[Tensor, "rays 3"], geometry: GeometryField
    ) -> RayIntervals:
        return self.place(origins, directions, geometry).intervals


@dataclass
class ShrinkingInterval:
    """Half-width of the sampled interval over the training, scene units: ``max(start exp(-decay progress), end)``."""

    start: float = 2.0
    decay: float = 1.5e-5 * 450_000
    """Over the whole training; the released 1.5e-5 a step."""
    end: float = 0.1

    def at(self, progress: float) -> float:
        return shrinking_interval(progress, self.start, self.decay, self.end)


@dataclass
class UnisurfSamplerConfig(SamplerConfig):
    """The released settings of UNISURF."""

    marching: int = 256
    """Even steps in which the surface is looked for."""
    secant: int = 8
    """Steps that then locate it."""
    inside: int = 64
    """Intervals in the interval."""
    before: int = 32
    """Intervals in the free space before it."""
    before_from: float = 5_000 / 450_000
    """Progress at which the intervals before it begin."""
    interval: ShrinkingInterval = field(default_factory=ShrinkingInterval)

    def setup(self, region: Float[Tensor, "2 3"], law: Law | None = None) -> UnisurfSampler:
        return UnisurfSampler(self)


class UnisurfSampler(SurfaceSampler):
    """Samples within the unit sphere (UNISURF section 3.3); rays without a surface are covered evenly."""

    def __init__(self, config: UnisurfSamplerConfig) -> None:
        super().__init__()
        self.config = config
        self.set_progress(0.0)

    def set_progress(self, progress: float) -> None:
        self.width = self.config.interval.at(progress)
        self.before = self.config.before if progress >= self.config.before_from else 0

    def readouts(self) -> dict[str, Tensor]:
        return {"interval": torch.tensor(self.width)}

    @torch.no_grad()
    def place(
        self, origins: Float[Tensor, "rays 3"], directions: Float[Tensor, "rays 3"], geometry: GeometryField
    ) -> Placed:
        near, far, hits = ray_sphere(origins, directions)
        steps = uniform_edges(near, far, self.config.marching)
        positions = origins[:, None] + steps[..., None] * directions[:, None]
        values = torch.full_like(steps, torch.nan)
        values[hits] = geometry.sdf(positions[hits].view(-1, 3)).view(-1, steps.shape[1])
        surface, met = _locate(origins, directions, geometry, steps, values, self.config.secant)
        edges = self._edges(near[hits], far[hits], surface[hits], met[hits])
        return Placed(RayIntervals.from_edges(jitter(edges) if self.training else edges, hits), surface, met)

    def _edges(self, near: Tensor, far: Tensor, surface: Tensor, met: Tensor) -> Float[Tensor, "rays edges"]:
        everywhere = uniform_edges(near, far, self.before + self.config.inside)
        first = torch.maximum(near, surface - self.width)
        last = torch.minimum(far, surface + self.width)
        around = uniform_edges(first, last, self.config.inside)
        # Where there is next to nothing before the interval, its intervals would count as much, however short they are.
        all_inside = uniform_edges(first, last, self.before + self.config.inside)
        split = torch.cat([uniform_edges(near, first, self.before)[:, :-1], around], dim=1) if self.before else around
        placed = torch.where((first - near > 0.1 * (last - first))[:, None], split, all_inside)
        return torch.where(met[:, None], placed, everywhere)


@dataclass
class UnisurfBandSamplerConfig(SamplerConfig):
    """UNISURF's interval within the band that a grid's training sees."""

    band: BandSamplerConfig = field(default_factory=BandSamplerConfig)
    """Steps through the band, in which the surface is looked for too."""
    secant: int = 4
    """Steps that locate it within a voxel."""
    interval: ShrinkingInterval = field(default_factory=lambda: ShrinkingInterval(start=2.0, decay=9.0, end=0.03))
    before_every: int = 4
    """One in so many of the steps before the interval is kept."""

    def setup(self, region: Float[Tensor, "2 3"], law: Law | None = None) -> UnisurfBandSampler:
        return UnisurfBandSampler(self, region)


class UnisurfBandSampler(SurfaceSampler):
    """The band's intervals within UNISURF's, and some of those before; all of them where nothing is met."""

    def __init__(self, config: UnisurfBandSamplerConfig, region: Float[Tensor, "2 3"]) -> None:
        super().__init__()
        self.config = config
        self.band = config.band.setup(region)
        self.set_progress(0.0)

    def set_progress(self, progress: float) -> None:
        self.width = self.config.interval.at(progress)

    def readouts(self) -> dict[str, Tensor]:
        return {"interval": torch.tensor(self.width)}

    @torch.no_grad()
    def place(
        self, origins: Float[Tensor, "rays 3"], directions: Float[Tensor, "rays 3"], geometry: GeometryField
    ) -> Placed:
        intervals = self.band(origins, directions, geometry)
        values = _table(geometry.sdf(intervals.positions(origins, directions)), intervals)
        steps = _table(intervals.midpoints, intervals)
        surface, met = _locate(origins, directions, geometry, steps, values, self.config.secant)
        beyond = intervals.midpoints - surface[intervals.ray_indices]
        some = (_rank(intervals) % self.config.before_every == 0) & (beyond < 0)
        kept = (beyond.abs() <= self.width) | some | ~met[intervals.ray_indices]
        return Placed(_of(intervals, kept), surface, met)


def _locate(
    origins: Float[Tensor, "rays 3"],
    directions: Float[Tensor, "rays 3"],
    geometry: GeometryField,
    distances: Float[Tensor, "rays steps"],
    values: Float[Tensor, "rays steps"],
    secant: int,
) -> tuple[Float[Tensor, " rays"], Bool[Tensor, " rays"]]:
    """The root in the first change of sign; zero where there is none."""
    surface = torch.zeros(len(origins), dtype=origins.dtype, device=origins.device)
    if distances.shape[1] < 2:
        return surface, torch.zeros_like(surface, dtype=torch.bool)
    brackets, met = first_sign_change(distances, values)
    towards, at = directions[met], origins[met]
    function = lambda distance: geometry.sdf(at + distance[:, None] * towards)  # noqa: E731
    surface[met] = regula_falsi(function, brackets.of(met), secant)
    return surface, met


def _rank(intervals: RayIntervals) -> Int[Tensor, " intervals"]:
    """Position of each interval on its ray."""
    numbers = torch.arange(len(intervals.starts), device=intervals.starts.device)
    return numbers - intervals.offsets[intervals.ray_indices]


def _table(values: Float[Tensor, " intervals"], intervals: RayIntervals) -> Float[Tensor, "rays longest"]:
    """Packed values as one row a ray; NaN behind the last."""
    counts = intervals.offsets.diff()
    longest = int(counts.max()) if len(counts) else 0
    table = values.new_full((intervals.num_rays, longest), torch.nan)
    table[intervals.ray_indices, _rank(intervals)] = values
    return table


def _of(intervals: RayIntervals, kept: Bool[Tensor, " intervals"]) -> RayIntervals:
    """Some of the intervals."""
    rays = intervals.ray_indices[kept]
    counts = torch.bincount(rays, minlength=intervals.num_rays)
    offsets = functional.pad(counts.cumsum(0), (1, 0))
    return RayIntervals(rays, offsets, intervals.starts[kept], intervals.ends[kept])
