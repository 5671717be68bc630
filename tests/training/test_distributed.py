"""Two processes on the CPU train one scene: they stay the same to the last bit, and leave one ordinary run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from idr_neus_plugins.fields.grid.processes import average_rows, processes, unite_marks
from idr_neus_plugins.training.distributed import agreed
from tests.training.two_processes import step_on_marked_rows

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def both(tmp_path_factory, tiny_scene) -> list[dict]:
    """What the two processes have saved."""
    folder = tmp_path_factory.mktemp("distributed")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "", "NUMBA_NUM_THREADS": "1"}
    line = [sys.executable, "-m", "tests.training.two_processes"]
    runs = [
        subprocess.Popen(
            [*line, str(rank), str(folder), str(tiny_scene)], env=environment, cwd=ROOT, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        for rank in range(2)
    ]  # fmt: skip
    try:
        printed = [run.communicate(timeout=400)[0] for run in runs]
    finally:
        for run in runs:
            run.kill()
    assert [run.returncode for run in runs] == [0, 0], "\n".join(text[-3000:] for text in printed)
    return [{"folder": folder, **torch.load(folder / f"rank{rank}.pt", weights_only=True)} for rank in range(2)]


def test_both_have_the_same_weights_and_stopped_at_the_same_step(both):
    first, second = both
    assert first["last_step"] == second["last_step"] > 5
    assert first["resolution"] == second["resolution"] > 20, "the grid was refined on the way"
    for name, weights in first["weights"].items():
        assert torch.equal(weights, second["weights"][name]), name
    assert any(weights.abs().max() > 0.01 for name, weights in first["weights"].items() if "features" in name)


def test_a_step_is_that_of_the_mean_gradient_on_all_rows_that_anyone_reached(both):
    expected = step_on_marked_rows([0, 1])
    assert expected.view(8, 3)[[0, 1, 2, 5]].all() and not expected.view(8, 3)[[3, 4, 6, 7]].any()
    for rank in both:
        torch.testing.assert_close(rank["rows"], expected)


def test_the_run_is_an_ordinary_one(both):
    checkpoints = list(both[0]["folder"].rglob("step-*.ckpt"))
    assert len(checkpoints) == 1
    state = torch.load(checkpoints[0], map_location="cpu", weights_only=True)["pipeline"]
    assert "_model.geometry.control.values" in state and not any(".module." in name for name in state)


def test_alone_nothing_is_shared():
    values = torch.ones(4, 2)
    average_rows(values, torch.tensor([1, 2]))
    marks = torch.zeros(1, 8, dtype=torch.uint8)
    unite_marks(marks)
    assert processes() == 1 and agreed(0.3, "cpu") == 0.3 and values.eq(1).all() and not marks.any()
