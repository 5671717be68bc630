"""Learning rates as functions of the training's progress."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

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
class WarmupCosineConfig(SchedulerConfig):
    """NeuS's schedule: linear warm-up, then a cosine to a floor."""

    _target: type = field(default_factory=lambda: WarmupCosine)
    warmup: float = 5_000 / 300_000
    """Share of the training that the warm-up takes."""
    floor: float = 0.05
    """Factor of the learning rate at the end."""


class WarmupCosine(Scheduler):
    config: WarmupCosineConfig

    def get_scheduler(self, optimizer: Optimizer, lr_init: float) -> ProgressLR:
        return ProgressLR(optimizer, partial(warmup_cosine, warmup=self.config.warmup, floor=self.config.floor))


@dataclass
class HoldThenDecayConfig(SchedulerConfig):
    """Full rate at first, then exponential decay."""

    _target: type = field(default_factory=lambda: HoldThenDecay)
    hold: float = 0.3
    """Share of the training at full rate."""
    floor: float = 0.05
    """Factor of the learning rate at the end."""


class HoldThenDecay(Scheduler):
    config: HoldThenDecayConfig

    def get_scheduler(self, optimizer: Optimizer, lr_init: float) -> ProgressLR:
        return ProgressLR(optimizer, partial(hold_then_decay, hold=self.config.hold, floor=self.config.floor))


@dataclass
class StepDecayConfig(SchedulerConfig):
    """Lower by a factor at fixed points of the training."""

    _target: type = field(default_factory=lambda: StepDecay)
    at: tuple[float, ...] = (0.5,)
    """Progress of each drop."""
    factor: float = 0.5
    """Of the learning rate at each drop."""


class StepDecay(Scheduler):
    config: StepDecayConfig

    def get_scheduler(self, optimizer: Optimizer, lr_init: float) -> ProgressLR:
        return ProgressLR(optimizer, partial(step_decay, at=self.config.at, factor=self.config.factor))


@dataclass
class RestThenDecayConfig(SchedulerConfig):
    """Nothing at first, then full rate and an exponential decay: for what is trained once the rest has a shape."""

    _target: type = field(default_factory=lambda: RestThenDecay)
    rest: float = 0.1
    """Share of the training at rate 0."""
    floor: float = 0.05
    """Factor of the learning rate at the end."""


class RestThenDecay(Scheduler):
    config: RestThenDecayConfig

    def get_scheduler(self, optimizer: Optimizer, lr_init: float) -> ProgressLR:
        return ProgressLR(optimizer, partial(rest_then_decay, rest=self.config.rest, floor=self.config.floor))
