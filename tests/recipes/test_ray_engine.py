"""The same jobs on a local Ray cluster of two workers."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path

import pytest
import ray

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.recipes.engines import run_on_ray
from idr_neus_plugins.recipes.job import Job, jobs_of
from idr_neus_plugins.recipes.recipe import Method, Recipe, Scene
from idr_neus_plugins.recipes.results import Result

RECIPE = Recipe("r", "about", [Scene("ball", "ball")], [Method("fast"), Method("cursed", seeds=[0])], seeds=[0, 1])


def work(folder: Path, job: Job, environment: dict[str, str]) -> Result:
    """Waits until a second worker is at work, too; so two must run at once."""
    if job.method.method == "cursed":
        raise UserError("no luck")
    (folder / str(os.getpid())).touch()
    end = time.monotonic() + 60
    while len(list(folder.iterdir())) < 2 and time.monotonic() < end:
        time.sleep(0.05)
    facts = {"code": "now", "device": environment["CUDA_VISIBLE_DEVICES"], "pid": os.getpid()}
    return Result("r", "ball", "fast", "default", job.seed, {}, None, 1, {}, [], facts)


def test_two_workers_share_the_jobs(tmp_path, monkeypatch):
    monkeypatch.setenv("RAY_raylet_start_wait_time_s", "180")  # busy machines need longer than Ray's half minute
    ray.init(num_cpus=2, num_gpus=0, include_dashboard=False, log_to_driver=False, object_store_memory=100_000_000)
    try:
        jobs = jobs_of(RECIPE, tmp_path, tmp_path / "out")
        (tmp_path / "at_work").mkdir()
        outcomes = list(run_on_ray(jobs, None, partial(work, tmp_path / "at_work")))
    finally:
        ray.shutdown()
    results = [outcome.result for outcome in outcomes if outcome.result is not None]
    assert {result.seed for result in results} == {0, 1} and {r.provenance["device"] for r in results} == {""}
    assert len({result.provenance["pid"] for result in results}) == 2
    assert [outcome.problem for outcome in outcomes if outcome.result is None] == ["no luck"]


def test_without_ray_the_message_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(UserError, match="pip install"):
        list(run_on_ray(jobs_of(RECIPE, tmp_path, tmp_path), None, partial(work, tmp_path)))
