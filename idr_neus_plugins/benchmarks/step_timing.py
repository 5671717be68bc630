"""Timing whole training steps, as ns-train does them: batch, forward, backward, optimisers."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import torch
from nerfstudio.engine.callbacks import TrainingCallbackLocation
from nerfstudio.engine.trainer import writer

from idr_neus_plugins.benchmarks.roofline import Work, counts_of_steps, has_floor, work_of_step
from idr_neus_plugins.benchmarks.step_stages import stage_seconds
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.evaluation.load import peak_bytes
from idr_neus_plugins.training.trainer import SurfaceTrainer


@dataclass(frozen=True)
class Timing:
    """Which steps of a training are timed."""

    steps: int
    """Steps that are timed."""
    warmup: int
    """Steps before."""
    progress: float
    """At which progress of the training."""

    def __post_init__(self) -> None:
        if self.steps < 1 or not 0 <= self.progress <= 1:
            raise UserError("--steps must be at least 1 and --progress between 0 and 1.")


def config_of(method: str) -> Any:
    """A copy of a method's configuration. Raises UserError where there is no such method."""
    found = {point.name: point for point in entry_points(group="nerfstudio.method_configs")}
    if method not in found:
        raise UserError(f"There is no method '{method}'; there are {', '.join(sorted(found))}.")
    return deepcopy(found[method].load().config)


class Timed(NamedTuple):
    figures: dict[str, float]
    """``rays_per_second samples_per_second us_per_sample peak_mb``. Memory is the GPU's by PyTorch, or the most that
    this process has ever held on a CPU."""
    stages: dict[str, float]
    """Milliseconds of a step."""
    work: dict[str, Work]
    """What a step has to do at least, by stage; empty for methods of which that is not known."""


def time_steps(config: Any, data: Path, timing: Timing) -> dict[str, float]:
    """Trains a scene for some steps; see :class:`Timed`."""
    with TemporaryDirectory() as folder, _own_event_writers():
        return _measure(_trainer(config, data, Path(folder)), timing)


def time_steps_and_stages(config: Any, data: Path, timing: Timing) -> Timed:
    """Stages are timed in as many further steps, because on a GPU every stage has to be waited for; then work is
    counted in as many again."""
    with TemporaryDirectory() as folder, _own_event_writers():
        trainer = _trainer(config, data, Path(folder))
        return Timed(_measure(trainer, timing), _stages_of(trainer, timing), _work_of(trainer, timing))


def _stages_of(trainer: SurfaceTrainer, timing: Timing) -> dict[str, float]:
    train = partial(_train, trainer, timing.warmup + timing.steps, timing.steps)
    seconds = stage_seconds(trainer, train, lambda: _now(trainer.device))
    return {name: 1e3 * total / timing.steps for name, total in seconds.items()}


def _work_of(trainer: SurfaceTrainer, timing: Timing) -> dict[str, Work]:
    model = trainer.pipeline.model
    if not has_floor(model):
        return {}
    train = partial(_train, trainer, timing.warmup + 2 * timing.steps, timing.steps)
    return work_of_step(model, counts_of_steps(trainer, train, timing.steps))


def _train(trainer: SurfaceTrainer, first: int, steps: int) -> None:
    for step in range(steps):
        trainer.train_iteration(first + step)


def _measure(trainer: SurfaceTrainer, timing: Timing) -> dict[str, float]:
    samples, rays = _counted(trainer.pipeline), trainer.pipeline.datamanager.get_train_rays_per_batch()
    _begin(trainer, timing.progress)
    _train(trainer, 0, timing.warmup)
    samples.clear()
    _forget_peak(trainer.device)
    start = _now(trainer.device)
    _train(trainer, timing.warmup, timing.steps)
    seconds = _now(trainer.device) - start
    return {
        "rays_per_second": timing.steps * rays / seconds,
        "samples_per_second": sum(samples) / seconds,
        "us_per_sample": 1e6 * seconds / max(sum(samples), 1),
        "peak_mb": _peak_bytes(trainer.device) / 1e6,
    }


@contextmanager
def _own_event_writers() -> Iterator[None]:
    """nerfstudio keeps its writers as long as the process lives; these must not outlive the folder they write to."""
    before = list(writer.EVENT_WRITERS)
    try:
        yield
    finally:
        for added in writer.EVENT_WRITERS[len(before) :]:
            added.tb_writer.close()
        writer.EVENT_WRITERS[:] = before


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
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter()


def _forget_peak(device: str) -> None:
    """So that the GPU's memory is that of the steps, not that of an earlier engine."""
    if device.startswith("cuda"):
        gc.collect()
        torch.cuda.reset_peak_memory_stats()


def _peak_bytes(device: str) -> int:
    return torch.cuda.max_memory_allocated() if device.startswith("cuda") else peak_bytes()


@contextmanager
def started(config: Any, data: Path, progress: float) -> Iterator[SurfaceTrainer]:
    """A trainer whose ``train_iteration`` is one step at this progress; what it writes does not stay."""
    with TemporaryDirectory() as folder, _own_event_writers():
        trainer = _trainer(config, data, Path(folder))
        _begin(trainer, progress)
        yield trainer


def _begin(trainer: SurfaceTrainer, progress: float) -> None:
    trainer.clock.progress = lambda step: min(progress, 0.999)  # at 1 the training would end
    trainer.pipeline.train()
    for callback in trainer.callbacks:
        callback.run_callback_at_location(0, location=TrainingCallbackLocation.BEFORE_TRAIN_ITERATION)
