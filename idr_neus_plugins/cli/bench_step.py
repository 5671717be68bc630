"""``idr-neus bench step``: how fast a method trains on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reports.printing import print_scores
from idr_neus_plugins.writing import write_json

if TYPE_CHECKING:
    from idr_neus_plugins.benchmarks.roofline import Work


@dataclass
class BenchStep:
    """Time whole training steps, as ns-train does them: batch, forward, backward, optimisers."""

    data: Path
    """The scene."""
    method: str = "neus-idr-fast"
    """A method of ours."""
    steps: int = 100
    """Steps that are timed."""
    warmup: int = 20
    """Steps before."""
    progress: float = 0.9
    """At which progress of the training: grids are coarse at 0 and fine at 1."""
    engines: tuple[str, ...] = ()
    """Implementations of the grid to compare, such as reference and triton; none: the one that the method names. Memory
    on a CPU is the process's, so that of all engines so far."""
    json: Path | None = None
    """Write the figures to this file too."""

    def main(self) -> None:
        from idr_neus_plugins.benchmarks.step_timing import Timing, config_of
        from idr_neus_plugins.provenance import provenance

        timing, config = Timing(self.steps, self.warmup, self.progress), config_of(self.method)
        compared = {name: _with_engine(config, name) for name in self.engines}
        figures = {name: self._run(its, timing) for name, its in compared.items()} or self._run(config, timing)
        if self.json is not None:
            write_json(self.json, {**figures, "provenance": provenance()})

    def _run(self, config: Any, timing: Any) -> dict[str, Any]:
        from idr_neus_plugins.benchmarks.step_timing import time_steps_and_stages

        figures, stages, work = time_steps_and_stages(config, self.data, timing)
        engine = f", {config.pipeline.model.geometry.engine} engine" if self.engines else ""
        print_scores(f"{self.method}{engine} on {self.data.name} at progress {self.progress:g}", figures)
        _print_stages(stages, figures)
        step = 1e3 * config.pipeline.datamanager.train_num_rays_per_batch / figures["rays_per_second"]
        return {**figures, "stages_ms": stages, **(_floor(work, step) if work else {})}


def _floor(work: Mapping[str, Work], step: float) -> dict[str, Any]:
    """Prints and returns the least time that a step could take here, which has taken ``step`` milliseconds."""
    from rich.console import Console
    from rich.table import Table

    from idr_neus_plugins.benchmarks.roofline import machine_rates

    rates = machine_rates()
    floors = {name: 1e3 * part.seconds(rates) for name, part in work.items()}
    whole = sum(floors.values())
    table = Table("at least", "million operations", "MB", "ms", title="What a step has to do", title_justify="left")
    for name, part in work.items():
        table.add_row(name, f"{part.operations / 1e6:.1f}", f"{part.bytes / 1e6:.2f}", f"{floors[name]:.2f}")
    table.caption = (
        f"This machine: {rates.operations / 1e9:.0f} billion operations/s, {rates.bytes / 1e9:.1f} GB/s. Together "
        f"{whole:.1f} ms; the step took {step / whole:.1f} times that."
    )
    Console().print(table)
    return {
        "floor_ms": floors,
        "times_the_floor": step / whole,
        "machine": {"operations_per_second": rates.operations, "bytes_per_second": rates.bytes},
    }


def _print_stages(stages: Mapping[str, float], figures: Mapping[str, float]) -> None:
    """The slowest first: milliseconds of a step, share, microseconds for each sample."""
    from rich.console import Console
    from rich.table import Table

    table = Table("stage", "ms a step", "share", "µs a sample")
    whole = sum(stages.values())
    for name, ms in sorted(stages.items(), key=lambda stage: -stage[1]):
        share = ms / whole
        table.add_row(name, f"{ms:.2f}", f"{share:.0%}", f"{share * figures['us_per_sample']:.3f}")
    Console().print(table)


def _with_engine(config: Any, name: str) -> Any:
    """The configuration with this engine in every part that has one."""
    from copy import deepcopy
    from typing import get_args

    from idr_neus_plugins.fields.grid.engine import EngineName

    if name not in get_args(EngineName):
        raise UserError(f"There is no engine '{name}'; there are {', '.join(get_args(EngineName))}.")
    if not hasattr(config.pipeline.model.geometry, "engine"):
        raise UserError(f"{config.method_name} has no grid, and so no --engines to compare.")
    config = deepcopy(config)
    for part in (config.pipeline.model.geometry, config.pipeline.model.background):
        if hasattr(part, "engine"):
            part.engine = name
    return config
