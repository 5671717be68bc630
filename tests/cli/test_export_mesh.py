"""``ns-export mesh``: the exporter on a run whose surface is known, and its place in the real command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

from idr_neus_plugins.cli.export_mesh import ExportMesh
from idr_neus_plugins.meshing.reading import read_mesh
from tests.cli.sphere_run import WORLD_FROM_SCENE, write_run

SCRIPT = """
import sys
from idr_neus_plugins.training import configuration
packages = configuration.trusted_packages() | {"tests"}  # the run's classes are the tests' own
configuration.trusted_packages = lambda: packages
from nerfstudio.scripts.exporter import entrypoint
sys.exit(entrypoint())
"""
"""What ``ns-export`` is, but for the first lines."""
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("suffix", ["ply", "obj", "glb"])
def test_the_world_frame_is_that_of_the_cameras(tmp_path, suffix):
    path = ExportMesh(write_run(tmp_path / "run"), tmp_path / "mesh", resolution=41, format=suffix).export()
    finished = read_mesh(path)
    mesh = finished.shape
    assert path == tmp_path / "mesh" / f"mesh.{suffix}" and mesh.is_watertight
    np.testing.assert_allclose(mesh.bounds, [[75, 175, 275], [125, 225, 325]], atol=0.05)
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * 25**3, rel=0.01)
    assert np.abs(finished.colors.astype(int) - [255, 128, 0]).max() <= 1


def test_the_matrix_beside_the_mesh_leads_from_scene_to_world(tmp_path):
    run = write_run(tmp_path / "run")
    scene, world = (ExportMesh(run, tmp_path / name, resolution=30, frame=name).export() for name in ("scene", "world"))
    record = json.loads(world.with_suffix(".json").read_text())
    assert record["frame"] == "world" and "millimetres" in record["units"] and record["watertight"] is True
    assert json.loads(scene.with_suffix(".json").read_text())["frame"] == "scene"
    np.testing.assert_allclose(record["world_from_scene"], WORLD_FROM_SCENE)
    moved = trimesh.transform_points(trimesh.load(scene).vertices, np.array(record["world_from_scene"]))
    np.testing.assert_allclose(moved, trimesh.load(world).vertices, atol=1e-3)


def test_a_threshold_chooses_the_level(tmp_path):
    mesh = trimesh.load(ExportMesh(write_run(tmp_path / "run"), tmp_path, resolution=50, threshold=0.2).export())
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * (50 * 0.7) ** 3, rel=0.01)


def test_one_piece_unless_asked_otherwise(tmp_path, monkeypatch):
    def two_spheres(self, positions):
        large, small = torch.tensor([-0.4, 0.0, 0.0]), torch.tensor([0.6, 0.0, 0.0])
        return torch.minimum((positions - large).norm(dim=-1) - 0.4, (positions - small).norm(dim=-1) - 0.2)

    monkeypatch.setattr("tests.cli.sphere_run.Sphere.sdf", two_spheres)
    run = write_run(tmp_path / "run")
    one = trimesh.load(ExportMesh(run, tmp_path, resolution=50).export())
    both = trimesh.load(ExportMesh(run, tmp_path, resolution=50, smallest_piece=0.0).export())
    assert one.body_count == 1 and both.body_count == 2
    assert one.volume == pytest.approx(4 / 3 * np.pi * 20**3, rel=0.02)


def test_an_empty_surface_is_one_message(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        ExportMesh(write_run(tmp_path / "run", radius=torch.tensor([-1.0])), tmp_path / "mesh", resolution=20).main()
    assert stop.value.code == 1 and "no surface" in capsys.readouterr().err
    assert not (tmp_path / "mesh").exists()


def ns_export(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "160"}
    command = [sys.executable, "-c", SCRIPT, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)


def test_the_real_command_exports(tmp_path):
    flags = ("--resolution", "20", "--format", "obj", "--frame", "scene", "--smallest-piece", "1")
    run = ns_export("mesh", "--load-config", write_run(tmp_path), "--output-dir", tmp_path, *flags)
    assert run.returncode == 0, run.stderr
    assert trimesh.load(tmp_path / "mesh.obj").is_watertight


def test_the_real_command_knows_its_own():
    run = ns_export("pointcloud", "--help")
    assert run.returncode == 0, run.stderr
    assert "--num-points" in run.stdout and "--remove-outliers {True,False}" in run.stdout
