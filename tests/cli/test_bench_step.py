"""The figures of a few steps fit together."""

from __future__ import annotations

import json
import time

import pytest
from nerfstudio.engine.trainer import writer

from idr_neus_plugins.cli.bench_step import BenchStep
from idr_neus_plugins.errors import UserError


def test_figures_fit_together(tiny_scene, tmp_path):
    writers, start = list(writer.EVENT_WRITERS), time.perf_counter()
    BenchStep(tiny_scene, steps=3, warmup=1, progress=0.0, json=tmp_path / "b.json").main()
    elapsed = time.perf_counter() - start
    figures = json.loads((tmp_path / "b.json").read_text())
    assert figures["us_per_sample"] * figures["samples_per_second"] == pytest.approx(1e6)
    assert 3 * 1024 / elapsed < figures["rays_per_second"] < figures["samples_per_second"]
    assert figures["peak_mb"] > 100
    stages = figures["stages_ms"]
    assert {"batch of rays", "placing samples", "geometry", "colour", "backward, geometry", "optimiser, grid"} <= set(
        stages
    )
    assert sum(stages.values()) < 1e3 * elapsed / 3
    floor = figures["floor_ms"]
    assert all(ms > 0 for ms in floor.values())
    step = 1e3 * 1024 / figures["rays_per_second"]
    assert figures["times_the_floor"] == pytest.approx(step / sum(floor.values())) and figures["times_the_floor"] > 1
    assert writers == writer.EVENT_WRITERS, "writers of a deleted folder would break later trainings of the process"


def test_engines_are_compared_in_one_run(tiny_scene, tmp_path, capsys):
    options = {"steps": 1, "warmup": 1, "progress": 0.0, "json": tmp_path / "b.json"}
    BenchStep(tiny_scene, method="idr-fast", engines=("reference", "numba"), **options).main()
    figures = json.loads((tmp_path / "b.json").read_text())
    assert list(figures) == ["reference", "numba", "provenance"]
    assert all(figures[name]["rays_per_second"] > 0 for name in ("reference", "numba"))
    printed = capsys.readouterr().out
    assert "idr-fast, reference engine" in printed and "idr-fast, numba engine" in printed


def test_bad_input(tiny_scene):
    with pytest.raises(UserError, match="no method 'neus'"):
        BenchStep(tiny_scene, method="neus").main()
    with pytest.raises(UserError, match="between 0 and 1"):
        BenchStep(tiny_scene, progress=2.0).main()
    with pytest.raises(UserError, match="no engine 'cuda'"):
        BenchStep(tiny_scene, engines=("cuda",)).main()
    with pytest.raises(UserError, match="has no grid"):
        BenchStep(tiny_scene, method="neus-idr", engines=("reference",)).main()
