"""``idr-neus bench quality``: everything but the trainings themselves, whose commands other tests run."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from idr_neus_plugins.cli.bench_quality import BenchQuality
from idr_neus_plugins.errors import UserError


def test_every_budget_is_a_run_of_its_own(tiny_scene, tmp_path, jobs, capsys):
    BenchQuality(tiny_scene, tmp_path, methods=("neus-idr-fast", "nerf-fast"), minutes=(2.0, 0.5)).main()
    assert [(job.method.method, job.method.flags["max-minutes"]) for job in jobs] == [
        ("neus-idr-fast", 0.5),
        ("neus-idr-fast", 2.0),
        ("nerf-fast", 0.5),
        ("nerf-fast", 2.0),
    ]
    assert len({job.folder for job in jobs}) == 4
    printed = capsys.readouterr().out
    assert printed.count("--steps-per-eval-image 0") == 4 and printed.count("--threshold 50.0") == 2
    table = (tmp_path / "quality.md").read_text().splitlines()
    assert table[4].startswith("| `neus-idr-fast, 30 s` | – | 1.250 |")
    assert table[7].startswith("| `nerf-fast, 2 min` | – | 4.250 |")
    content = json.loads((tmp_path / "quality.json").read_text())
    assert content["neus-idr-fast"]["2"]["chamfer"] == 2.25 and content["nerf-fast"]["0.5"]["psnr"] == 30.0
    assert content["nerf-fast"]["0.5"]["train_command_seconds"] == 1.0
    assert np.asarray(Image.open(tmp_path / "quality.png")).std() > 0

    BenchQuality(tiny_scene, tmp_path, minutes=(0.5, 1.0)).main()
    assert len(jobs) == 5, "what was done is done"


def test_a_budget_must_be_above_zero(tiny_scene, tmp_path):
    with pytest.raises(UserError, match="above 0"):
        BenchQuality(tiny_scene, tmp_path, minutes=(0.0, 1.0)).main()
