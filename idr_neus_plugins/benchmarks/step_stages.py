"""Where the time of a training step goes, told from outside: the parts of a method are timed, not changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any

import torch

GRID_OPERATIONS = {"_Spline": "backward, geometry", "_Interpolate": "backward, features"}
"""Autograd functions of the grid's engines, and the stage that their backward passes are."""


class StageClock:
    """Seconds by stage. A stage within another one stops the outer one's clock, so that the stages add up."""

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self.seconds: dict[str, float] = {}
        self._now, self._running = now, list[str]()
        self._since = 0.0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self._book()
        self._running.append(name)
        try:
            yield
        finally:
            self._book()
            self._running.pop()

    def _book(self) -> None:
        """Credits the time since the last change to the innermost stage."""
        now = self._now()
        if self._running:
            self.seconds[self._running[-1]] = self.seconds.get(self._running[-1], 0.0) + now - self._since
        self._since = now

    @contextmanager
    def timing(self, owner: Any, method: str, stage: str) -> Iterator[None]:
        """While this lasts, calls of ``owner.method`` belong to the stage."""

        def timed_version(original: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(original)
            def timed(*arguments: Any, **named: Any) -> Any:
                with self.stage(stage):
                    return original(*arguments, **named)

            return timed

        with replaced(owner, method, timed_version):
            yield


@contextmanager
def replaced(owner: Any, method: str, version: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Iterator[None]:
    """While this lasts, ``owner.method`` is what ``version`` makes of it."""
    own, changed = vars(owner).get(method), version(getattr(owner, method))
    setattr(owner, method, staticmethod(changed) if isinstance(own, staticmethod) else changed)
    try:
        yield
    finally:
        setattr(owner, method, own) if own is not None else delattr(owner, method)


def stage_seconds(trainer: Any, train: Callable[[], None], now: Callable[[], float]) -> dict[str, float]:
    """Seconds of each stage while ``train`` makes steps of the trainer; what is in none of them is "else".

    Args:
        now: a clock that waits for the device.
    """
    clock = StageClock(now)
    with ExitStack() as timed:
        for owner, method, stage in _stages(trainer):
            timed.enter_context(clock.timing(owner, method, stage))
        with clock.stage("else"):
            train()
    return clock.seconds


def _stages(trainer: Any) -> Iterator[tuple[Any, str, str]]:
    """(object, its method, name of the stage); parts that a method does not have are left out."""
    model = trainer.pipeline.model
    yield trainer.pipeline.datamanager, "next_train", "batch of rays"
    yield trainer.pipeline, "get_train_loss_dict", "compositing, losses"
    for name in ("sampler", "tracer"):
        if hasattr(model.renderer, name):
            yield getattr(model.renderer, name), "forward", "placing samples"
    yield model.geometry, "forward", "geometry"
    yield model.radiance, "forward", "colour"
    for part in model.components:
        yield part, "regularisers", "smoothness"
    yield torch.Tensor, "backward", "backward, else"
    if hasattr(model.geometry, "engine"):
        for function, stage in GRID_OPERATIONS.items():
            if hasattr(model.geometry.engine, function):
                yield getattr(model.geometry.engine, function), "backward", stage
    for group, optimizer in trainer.optimizers.optimizers.items():
        yield optimizer, "step", f"optimiser, {group}"
