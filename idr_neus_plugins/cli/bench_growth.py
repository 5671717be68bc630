"""``idr-neus bench growth``: how a training step's time and memory grow with what is asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.writing import replace_file, write_json

if TYPE_CHECKING:
    from idr_neus_plugins.benchmarks.step_timing import Timing

Amount = int | float
Figures = Mapping[str, Mapping[Amount, Mapping[str, float]]]
"""By what grows and how much of it there is."""

GROWING = {
    "rays": "rays in a step",
    "sections": "sections on a ray, times the method's",
    "resolutions": "voxels along an axis",
    "images": "share of the training views",
}


@dataclass
class BenchGrowth:
    """Time training steps while one thing grows and all else is the method's own: rays, sections, resolution, images.

    Every measurement has a process of its own, so that memory (on a CPU: the process's) is its own.
    """

    data: Path
    """The scene."""
    method: str = "neus-idr-fast"
    """A method of ours."""
    output: Path = Path("outputs/growth")
    """growth.md, growth.json and growth.png go here."""
    rays: tuple[int, ...] = (256, 512, 1024, 2048, 4096)
    """Rays in a step."""
    sections: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    """Sections on a ray, as multiples of the method's; methods that look for one point leave it out."""
    resolutions: tuple[int, ...] = (64, 96, 128, 192, 256)
    """Cube roots of the geometry's number of voxels; methods without voxels leave it out."""
    images: tuple[float, ...] = (0.25, 0.5, 1.0)
    """Shares of the training views."""
    steps: int = 50
    """Steps that are timed."""
    warmup: int = 10
    """Steps before."""
    progress: float = 0.9
    """At which progress of the training: what it is narrows the band in which there are sections."""

    def main(self) -> None:
        from idr_neus_plugins.benchmarks.step_timing import Timing, config_of
        from idr_neus_plugins.progress import progress_bar

        timing = Timing(self.steps, self.warmup, self.progress)
        model = config_of(self.method).pipeline.model
        absent = {"sections"} if not hasattr(model.renderer, "sampler") else set()
        absent |= {"resolutions"} if not hasattr(model.geometry, "resolutions") else set()
        wanted = [(name, at) for name in GROWING if name not in absent for at in getattr(self, name)]
        if any(at <= 0 for _, at in wanted) or any(share > 1 for share in self.images):
            raise UserError("Rays, sections, resolutions and images must be above 0, shares of images at most 1.")
        figures: dict[str, dict[Amount, dict[str, float]]] = {}
        with progress_bar() as bar:
            for name, at in bar.track(wanted, description="Timing (measurements)"):
                found = in_own_process(measure, self.method, self.data, name, at, timing)
                figures.setdefault(name, {})[at] = found
        self._write(figures)

    def _write(self, figures: Figures) -> None:
        from idr_neus_plugins.evaluation.charts import Panel, write_charts
        from idr_neus_plugins.provenance import provenance

        title = f"{self.method} on {self.data.name} at progress {self.progress:g}\n\n"
        table = growth_table(figures)
        replace_file(self.output / "growth.md", (title + table).encode())
        write_json(self.output / "growth.json", {**figures, "provenance": provenance()})
        panels = [
            Panel(GROWING[name], height, {name: (list(row), [found[key] for found in row.values()])}, from_zero=True)
            for key, height in (("ms_per_step", "ms a step"), ("peak_mb", "MB at most"))
            for name, row in figures.items()
        ]
        write_charts(self.output / "growth.png", panels, columns=len(figures))
        print(f"\n{title}{table}\n{self.output / 'growth.md'}, growth.json, growth.png")


def measure(method: str, data: Path, what: str, amount: Amount, timing: Timing) -> dict[str, float]:
    """Figures of :func:`time_steps`, and ``ms_per_step samples_per_step``, with that amount of what grows."""
    from idr_neus_plugins.benchmarks.step_timing import config_of, time_steps

    config = config_of(method)
    {"rays": _rays, "sections": _sections, "resolutions": _resolution, "images": _images}[what](config, amount)
    figures = time_steps(config, data, timing)
    rays = config.pipeline.datamanager.train_num_rays_per_batch
    seconds = rays / figures["rays_per_second"]
    return {"ms_per_step": 1e3 * seconds, "samples_per_step": seconds * figures["samples_per_second"], **figures}


def in_own_process(function: Any, *arguments: Any) -> Any:
    """Its result. Where the system can, processes are copies of one that has done the imports and nothing else."""
    import multiprocessing

    kinds = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in kinds else "spawn")
    if "forkserver" in kinds:
        context.set_forkserver_preload(["idr_neus_plugins.benchmarks.step_timing"])
    with context.Pool(1) as pool:
        return pool.apply(_silently, (function, *arguments))


def _silently(function: Any, *arguments: Any) -> Any:
    import os
    from contextlib import redirect_stdout

    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        return function(*arguments)


def growth_table(figures: Figures) -> str:
    """Markdown, a row per measurement."""
    lines = [
        "| what grows | how much | samples a step | ms a step | µs a sample | MB at most |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in figures.items():
        for at, found in row.items():
            numbers = f"{found['samples_per_step']:,.0f} | {found['ms_per_step']:.1f} | {found['us_per_sample']:.2f}"
            lines.append(f"| {GROWING[name]} | {at:g} | {numbers} | {found['peak_mb']:,.0f} |")
    return "\n".join(lines) + "\n"


def _rays(config: Any, amount: Amount) -> None:
    config.pipeline.datamanager.train_num_rays_per_batch = int(amount)


def _sections(config: Any, amount: Amount) -> None:
    sampler = config.pipeline.model.renderer.sampler
    if hasattr(sampler, "step"):
        sampler.step /= amount
    for name in ("coarse", "fine", "inside", "before"):
        if hasattr(sampler, name):
            setattr(sampler, name, round(amount * getattr(sampler, name)))


def _resolution(config: Any, amount: Amount) -> None:
    geometry = config.pipeline.model.geometry
    geometry.resolutions, geometry.starts = (int(amount),), (0.0,)


def _images(config: Any, amount: Amount) -> None:
    from idr_neus_plugins.data.few_views import FewViewsConfig

    parser = config.pipeline.datamanager.dataparser
    options = {name: value for name, value in vars(parser).items() if name != "_target"}
    config.pipeline.datamanager.dataparser = FewViewsConfig(**options, share=amount)
