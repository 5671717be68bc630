"""What tests of commands share that run jobs."""

from __future__ import annotations

import json
import shlex

import numpy as np
import pytest
from PIL import Image

from idr_neus_plugins.recipes.job import Job
from idr_neus_plugins.training import configuration


@pytest.fixture(autouse=True)
def trusted_tests(monkeypatch) -> None:
    """Configurations of runs may name the tests' own classes."""
    packages = configuration.trusted_packages() | {"tests"}
    monkeypatch.setattr(configuration, "trusted_packages", lambda: packages)


@pytest.fixture
def jobs(monkeypatch, tiny_scene) -> list[Job]:
    """The jobs that were done, each as if it had found the exact surface."""
    from idr_neus_plugins.recipes import running

    done: list[Job] = []

    def run(step, command, job, environment, say):
        say(shlex.join(command))
        job.folder.mkdir(parents=True, exist_ok=True)
        if step.name == "train":
            done.append(job)
        if step.name == "export":
            (job.folder / "mesh").mkdir()
            (job.folder / "mesh" / "mesh.ply").write_bytes((tiny_scene / "surface.ply").read_bytes())
        if step.name == "eval mesh":
            job.scores_file("mesh").write_text(json.dumps({"chamfer": 0.25 + len(done), "chamfer_relative": 0.001}))
        if step.name == "eval images":
            (job.folder / "images").mkdir()
            job.scores_file("images").write_text(json.dumps({"psnr": 30.0}))
            for photo in (tiny_scene / "image").iterdir():
                panel = np.asarray(Image.open(photo).convert("RGB"))
                Image.fromarray(np.concatenate([panel] * 3, axis=1)).save(job.folder / "images" / f"{photo.stem}.png")
        return 1.0

    monkeypatch.setattr(running, "_run", run)
    return done
