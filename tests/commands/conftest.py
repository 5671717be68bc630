"""One short run on a tiny scene, made by the commands themselves, that all tests in this folder look at."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from pathlib import Path

import pytest

VIEWS, SIZE, STEPS = 16, 96, 60
METHOD = "neus-idr-fast"


def command(name: str, *arguments: object, expect: int = 0) -> str:
    """Runs a console script of this environment on the CPU; returns what it printed, with single spaces.

    Colours and line breaks depend on the terminal, so tests must not.
    """
    line = [f"{sysconfig.get_path('scripts')}/{name}", *map(str, arguments)]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "NO_COLOR": "1"}
    run = subprocess.run(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    assert run.returncode == expect, f"{' '.join(line)}\nended with {run.returncode}:\n{run.stdout[-4000:]}"
    return " ".join(run.stdout.split())


def train(scene: Path, output: Path, steps: int, *arguments: object) -> Path:
    """The real training command; returns the run's folder."""
    fixed = ("--vis", "tensorboard", "--output-dir", output, "--experiment-name", "tiny", "--timestamp", "run")
    command("ns-train", METHOD, "--data", scene, *fixed, "--max-num-iterations", steps, *arguments)
    return output / "tiny" / METHOD / "run"


@pytest.fixture(scope="session")
def scene(tmp_path_factory) -> Path:
    """A sample scene with few, small views and masks, and its exact surface.ply."""
    folder = tmp_path_factory.mktemp("commands") / "scene"
    command("idr-neus", "sample-scene", folder, "--views", VIEWS, "--size", SIZE)
    return folder


@pytest.fixture(scope="session")
def trained_run(scene, tmp_path_factory) -> Path:
    """config.yml of a run whose learning-rate warm-up is over."""
    return train(scene, tmp_path_factory.mktemp("outputs"), STEPS) / "config.yml"
