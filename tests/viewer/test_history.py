"""Read-outs over thousands of steps."""

from __future__ import annotations

import torch

from idr_neus_plugins.viewer.history import EVERY, LONGEST, History, plot


def test_values_are_recorded_with_their_steps():
    history = History()
    for step in range(3 * EVERY):
        history.add({"psnr": torch.tensor(float(step)), "inv_s": torch.tensor(1.0)})
    assert history.curves() == {"psnr": ([0, EVERY, 2 * EVERY], [0.0, EVERY, 2.0 * EVERY]), "inv_s": (
        [0, EVERY, 2 * EVERY], [1.0] * 3
    )}  # fmt: skip


def test_long_trainings_are_thinned_evenly():
    history = History()
    for step in range(EVERY * LONGEST * 3):
        history.add({"x": torch.tensor(float(step))})
        if step % 5000 == 0:
            history.curves()
    steps, values = history.curves()["x"]
    assert LONGEST / 3 < len(steps) <= LONGEST and steps == [int(value) for value in values]
    gaps = {after - before for before, after in zip(steps[:-1], steps[1:], strict=True)}
    assert max(gaps) <= 4 * min(gaps)


def test_one_plot_for_every_curve():
    figure = plot({"psnr": ([0, 10], [20.0, 21.0]), "inv_s": ([0, 10], [1.0, 2.0])})
    assert [tuple(trace.y) for trace in figure.data] == [(20.0, 21.0), (1.0, 2.0)]
    assert len(plot({}).data) == 0
