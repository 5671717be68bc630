"""Counted work against work that is known."""

from __future__ import annotations

from typing import Any

import pytest

from idr_neus_plugins.benchmarks.roofline import Counts, Work, counts_of_steps, has_floor, work_of_step
from idr_neus_plugins.benchmarks.step_timing import config_of, started


def test_the_slower_of_arithmetic_and_memory_decides():
    rates = Work(operations=100.0, bytes=10.0)
    assert Work(200.0, 5.0).seconds(rates) == pytest.approx(2.0)
    assert Work(50.0, 30.0).seconds(rates) == pytest.approx(3.0)


def test_steps_are_counted(tiny_scene):
    with started(config_of("neus-idr-fast"), tiny_scene, 0.0) as trainer:
        model: Any = trainer.pipeline.model
        trainer.train_iteration(0)
        assert has_floor(model)

        def train() -> None:
            for step in range(1, 3):
                trainer.train_iteration(step)

        counts = counts_of_steps(trainer, train, 2)
        assert counts.intervals >= counts.colored > 0
        assert 0 < counts.feature_nodes <= min(8 * counts.colored, model.radiance.features.values[..., 0].numel())
        assert 0 < counts.band <= model.geometry.control.values.numel()
        work = work_of_step(model, Counts(1000.0, 500.0, 0.0, 0.0))
        weights = sum(part.numel() for part in model.radiance.network.parameters())
        assert work["colour network"].operations == 6 * weights * 500.0
        assert work["geometry"].operations == 4 * 108 * 1000.0
        assert work["optimiser, grid"] == Work(0.0, 0.0)
