"""Jobs as they stand when they are done, without anything having been trained."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import trimesh
import yaml
from PIL import Image

RECIPE = {
    "name": "balls",
    "about": "Two balls.",
    "scenes": [{"name": "ball", "data": "ball"}, {"name": "egg", "data": "egg"}],
    "methods": [{"method": "fast", "seeds": [0, 1]}, {"method": "slow"}],
    "published": [
        {"method": "NeuS", "scene": scene, "score": "chamfer", "value": 0.5, "source": "paper", "protocol": "theirs"}
        for scene in ("ball", "mean")
    ],
}
MACHINE = {"processor": "abacus", "cores": 2, "memory_gib": 4.0, "gpus": []}
LIBRARIES = {"torch": "2.4", "nerfstudio": "1.1.5", "numba": "0.60"}


def write_result(folder: Path, scene: str, method: str, seed: int, chamfer: float, code: str = "0.1+abc") -> Path:
    job = folder / scene / method / f"default-seed{seed}"
    job.mkdir(parents=True)
    facts = {"code": code, "machine": MACHINE, "libraries": LIBRARIES, "date": "2026-01-02T03:04:05+00:00"}
    result = {
        "recipe": "balls", "scene": scene, "method": method, "label": "default", "seed": seed,
        "scores": {"chamfer": chamfer, "psnr": 30.0 + seed, "psnr_masked": None, "within_1": 0.5},
        "protocol": "cull none", "training_steps": 1000, "seconds": {"train": 120.0}, "commands": ["ns-train fast"],
        "provenance": facts,
    }  # fmt: skip
    (job / "result.json").write_text(json.dumps(result))
    return job


def write_results(folder: Path) -> Path:
    """The folder of a recipe: `fast` with two seeds on both scenes, `slow` on one."""
    for scene in ("ball", "egg"):
        for seed, chamfer in ((0, 0.1), (1, 0.3)):
            write_result(folder, scene, "fast", seed, chamfer)
    write_result(folder, "ball", "slow", 0, 0.25)
    (folder / "recipe.yaml").write_text(yaml.safe_dump(RECIPE))
    return folder


def add_pictures_and_shapes(job: Path, points: bool = False) -> None:
    """Two views, a red ball as error mesh (or red points around it), a log."""
    from torch.utils.tensorboard import SummaryWriter

    (job / "images").mkdir()
    (job / "mesh").mkdir()
    for view in range(2):
        Image.fromarray(np.full((20, 80, 3), 90 + view, np.uint8)).save(job / "images" / f"{view:03d}.png")
    ball = trimesh.creation.icosphere(subdivisions=4)
    ball.visual.vertex_colors = np.tile(np.uint8([220, 10, 10, 255]), (len(ball.vertices), 1))
    ball.export(job / "mesh" / "mesh.ply")
    shape = trimesh.PointCloud(1.02 * ball.vertices, colors=ball.visual.vertex_colors) if points else ball
    shape.export(job / "mesh" / "error.ply")
    with SummaryWriter(str(job)) as log:
        for step in range(5):
            log.add_scalar("Train Loss Dict/rgb", 1.0 / (step + 1), step)
            log.add_scalar("GPU Memory (MB)", 1.0, step)
