"""``idr-neus bench step``: how fast a method trains on this machine."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from idr_neus_plugins.cli.messages import print_scores
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.writing import write_json

if TYPE_CHECKING:
    from idr_neus_plugins.training.trainer import SurfaceTrainer


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
        if self.steps < 1 or not 0 <= self.progress <= 1:
            raise UserError("--steps must be at least 1 and --progress between 0 and 1.")
        from idr_neus_plugins.provenance import provenance

        config = _config(self.method)
        compared = {name: _with_engine(config, name) for name in self.engines}
        figures = {name: self._run(its) for name, its in compared.items()} or self._run(config)
        if self.json is not None:
            write_json(self.json, {**figures, "provenance": provenance()})

    def _run(self, config: Any) -> dict[str, float]:
        with TemporaryDirectory() as folder, _own_event_writers():
            figures = self._measure(_trainer(config, self.data, Path(folder)))
        engine = f", {config.pipeline.model.geometry.engine} engine" if self.engines else ""
        print_scores(f"{self.method}{engine} on {self.data.name} at progress {self.progress:g}", figures)
        return figures

    def _measure(self, trainer: SurfaceTrainer) -> dict[str, float]:
        from nerfstudio.engine.callbacks import TrainingCallbackLocation

        samples, rays = _counted(trainer.pipeline), trainer.pipeline.datamanager.get_train_rays_per_batch()
        trainer.clock.progress = lambda step: min(self.progress, 0.999)  # at 1 the training would end
        trainer.pipeline.train()
        for callback in trainer.callbacks:
            callback.run_callback_at_location(0, location=TrainingCallbackLocation.BEFORE_TRAIN_ITERATION)
        for step in range(self.warmup):
            trainer.train_iteration(step)
        samples.clear()
        _forget_peak(trainer.device)
        start = _now(trainer.device)
        for step in range(self.steps):
            trainer.train_iteration(self.warmup + step)
        seconds = _now(trainer.device) - start
        return {
            "rays_per_second": self.steps * rays / seconds,
            "samples_per_second": sum(samples) / seconds,
            "us_per_sample": 1e6 * seconds / max(sum(samples), 1),
            "peak_mb": _peak_bytes(trainer.device) / 1e6,
        }


@contextmanager
def _own_event_writers() -> Iterator[None]:
    """nerfstudio keeps its writers as long as the process lives; these must not outlive the folder they write to."""
    from nerfstudio.engine.trainer import writer  # imported by itself, the module runs into a circle

    before = list(writer.EVENT_WRITERS)
    try:
        yield
    finally:
        for added in writer.EVENT_WRITERS[len(before) :]:
            added.tb_writer.close()
        writer.EVENT_WRITERS[:] = before


def _config(name: str) -> Any:
    from copy import deepcopy
    from importlib.metadata import entry_points

    found = {point.name: point for point in entry_points(group="nerfstudio.method_configs")}
    if name not in found:
        raise UserError(f"There is no method '{name}'; there are {', '.join(sorted(found))}.")
    return deepcopy(found[name].load().config)


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


def _trainer(config: Any, data: Path, folder: Path) -> SurfaceTrainer:
    config.pipeline.datamanager.data = data
    config.output_dir, config.vis, config.experiment_name = folder, "tensorboard", "bench"
    config.set_timestamp()
    config.logging.local_writer.enable = False
    trainer = config.setup(local_rank=0, world_size=1)
    trainer.setup()
    trainer.stop_training = False
    return trainer


def _counted(pipeline: Any) -> list[int]:
    """A list to which every training step adds its number of samples: of gradients, or of rays where one hit is all."""
    counts, original = [], pipeline.get_train_loss_dict

    def get_train_loss_dict(step: int):
        outputs, losses, metrics = original(step)
        counts.append(len(outputs.get("gradients", outputs["rgb"])))
        return outputs, losses, metrics

    pipeline.get_train_loss_dict = get_train_loss_dict
    return counts


def _now(device: str) -> float:
    import torch

    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter()


def _forget_peak(device: str) -> None:
    """So that the GPU's memory is that of the steps, not that of an earlier engine."""
    import torch

    if device.startswith("cuda"):
        gc.collect()
        torch.cuda.reset_peak_memory_stats()


def _peak_bytes(device: str) -> int:
    """Of the GPU's memory by PyTorch, or of the process on a CPU."""
    import torch

    from idr_neus_plugins.evaluation.load import peak_bytes

    return torch.cuda.max_memory_allocated() if device.startswith("cuda") else peak_bytes()
