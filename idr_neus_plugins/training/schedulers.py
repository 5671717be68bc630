"""Learning rates as functions of the training's progress."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from nerfstudio.engine.schedulers import Scheduler, SchedulerConfig
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from idr_neus_plugins.core.schedules import hold_then_decay, rest_then_decay, step_decay, warmup_cosine


class ProgressLR(LambdaLR):
    """Scales the learning rate by a function of ``progress``, which the trainer sets before every step."""

    def __init__(self, optimizer: Optimizer, factor: Callable[[float], float]) -> None:
        self.progress = 0.0
        super().__init__(optimizer, lambda _step: factor(self.progress))


@dataclass
class ProgressSchedulerConfig(SchedulerConfig):
    """A schedule that knows the training's progress, not its steps: it fits any length of training."""

    _target: type = field(default_factory=lambda: ProgressScheduler)

    def factor_at(self, progress: float) -> float:
        """Of the learning rate, at a progress in [0, 1]."""
        raise NotImplementedError


class ProgressScheduler(Scheduler):
    config: ProgressSchedulerConfig

    def get_scheduler(self, optimizer: Optimizer, lr_init: float) -> ProgressLR:
        return ProgressLR(optimizer, self.config.factor_at)


@dataclass
class WarmupCosineConfig(ProgressSchedulerConfig):
    """NeuS's schedule: linear warm-up, then a cosine to a floor."""

    warmup: float = 5_000 / 300_000
    """Share of the training that the warm-up takes."""
    floor: float = 0.05
    """Factor of the learning rate at the end."""

    def factor_at(self, progress: float) -> float:
        return warmup_cosine(progress, self.warmup, self.floor)


@dataclass
class HoldThenDecayConfig(ProgressSchedulerConfig):
    """Full rate at first, then exponential decay."""

    hold: float = 0.3
    """Share of the training at full rate."""
    floor: float = 0.05
    """Factor of the learning rate at the end."""

    def factor_at(self, progress: float) -> float:
        return hold_then_decay(progress, self.hold, self.floor)


@dataclass
class StepDecayConfig(ProgressSchedulerConfig):
    """Lower by a factor at fixed points of the training."""

    at: tuple[float, ...] = (0.5,)
    """Progress of each drop."""
    factor: float = 0.5
    """Of the learning rate at each drop."""

    def factor_at(self, progress: float) -> float:
        return step_decay(progress, self.at, self.factor)


@dataclass
class RestThenDecayConfig(ProgressSchedulerConfig):
    """Nothing at first, then full rate and an exponential decay: for what is trained once the rest has a shape."""

    rest: float = 0.1
    """Share of the training at rate 0."""
    floor: float = 0.05
    """Factor of the learning rate at the end."""

    def factor_at(self, progress: float) -> float:
        return rest_then_decay(progress, self.rest, self.floor)
