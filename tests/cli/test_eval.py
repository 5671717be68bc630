"""``idr-neus eval`` and what all commands of ``idr-neus`` share."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import trimesh

from idr_neus_plugins.cli.eval_mesh import EvalMesh
from idr_neus_plugins.cli.main import entrypoint
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.clean import select_faces


@pytest.fixture
def spheres(tmp_path):
    """Spheres of radius 10 and 11, and points at radius 12 seen in 2 views and at radius 10.5 seen in 5."""
    for radius in (10, 11):
        trimesh.creation.icosphere(subdivisions=4, radius=radius).export(tmp_path / f"{radius}.ply")
    directions = trimesh.creation.icosphere(subdivisions=2).vertices
    views = np.repeat([2, 5], len(directions))
    np.savez(tmp_path / "points.npz", xyz=np.concatenate([12 * directions, 10.5 * directions]), views=views)
    return tmp_path


def command(monkeypatch, *arguments) -> None:
    monkeypatch.setattr(sys, "argv", ["idr-neus", *map(str, arguments)])
    entrypoint()


def test_scores_and_keys_of_a_mesh(spheres, monkeypatch, capsys):
    files = ("--mesh", spheres / "10.ply", "--exact", spheres / "11.ply", "--points", spheres / "points.npz")
    options = ("--min-views", 4, "--thresholds", 0.8, 1.2, "--samples", 5000, "--json", spheres / "out" / "s.json")
    command(monkeypatch, "eval", "mesh", *files, *options)
    scores = json.loads((spheres / "out" / "s.json").read_text())
    relative = {"accuracy_relative", "completeness_relative", "chamfer_relative", "diameter"}
    relative |= {"fscore_relative_0.005", "fscore_relative_0.01"}
    normals = {"normal_consistency", "normals_deg", "normals_deg_median", "roughness_deg", "roughness_radius"}
    topology = {"faces", "components", "components_large", "open_edges", "watertight", "euler", "genus"}
    at_thresholds = {f"{name}_{t}" for name in ("precision", "recall", "fscore", "within") for t in (0.8, 1.2)}
    assert set(scores) == relative | at_thresholds | normals | topology | {
        "accuracy", "completeness", "chamfer", "median", "mean", "p90", "protocol"
    }  # fmt: skip
    assert scores["protocol"] == "cull none, no ICP, world units"
    assert scores["chamfer"] == pytest.approx(1, abs=0.02) and scores["median"] == pytest.approx(0.5, abs=0.02)
    assert scores["fscore_0.8"] == 0 and scores["fscore_1.2"] == 1 and scores["within_0.8"] == 1
    assert "chamfer" in capsys.readouterr().out


def test_min_views_chooses_the_points(spheres):
    EvalMesh(spheres / "10.ply", points=spheres / "points.npz", json=spheres / "all.json").main()
    assert json.loads((spheres / "all.json").read_text())["p90"] == pytest.approx(2, abs=0.02)


def test_a_mesh_made_with_other_cameras_is_laid_over_by_them(spheres):
    """The other world is a fifth as large, turned by a right angle about z and moved."""
    rotation = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    other_from_world = np.eye(4)
    other_from_world[:3, :3], other_from_world[:3, 3] = rotation / 5.0, [3.0, -1.0, 2.0]
    centres = np.random.default_rng(0).normal(0, 50, (6, 3))
    for name, places in (("world", centres), ("other", trimesh.transform_points(centres, other_from_world))):
        (spheres / name).mkdir()
        mats = {
            f"world_mat_{i}": np.c_[np.diag([9.0, 9.0, 1.0]), -(np.array([9, 9, 1]) * c)] for i, c in enumerate(places)
        }
        np.savez(spheres / name / "cameras.npz", **mats)
    trimesh.load(spheres / "10.ply").apply_transform(other_from_world).export(spheres / "moved.ply")
    options = {"exact": spheres / "11.ply", "samples": 5000, "json": spheres / "s.json", "whole": True}
    EvalMesh(spheres / "moved.ply", **options, from_scene=spheres / "other", scene=spheres / "world").main()
    scores = json.loads((spheres / "s.json").read_text())
    assert scores["chamfer"] == pytest.approx(1, abs=0.02) and "cameras aligned" in scores["protocol"]
    with pytest.raises(UserError, match="--scene"):
        EvalMesh(spheres / "moved.ply", **options, from_scene=spheres / "other").main()


def test_roughness_is_told_within_the_radius_that_is_asked_for(spheres):
    EvalMesh(spheres / "10.ply", points=spheres / "points.npz", roughness_radius=5.0, json=spheres / "s.json").main()
    scores = json.loads((spheres / "s.json").read_text())
    assert scores["roughness_radius"] == 5.0 and 0 < scores["roughness_deg"] < 5, "facets of a ball"
    with pytest.raises(UserError, match="above 0"):
        EvalMesh(spheres / "10.ply", points=spheres / "points.npz", roughness_radius=-1.0).main()


def test_with_the_scene_only_what_its_cameras_see_is_judged(tiny_scene, tmp_path):
    """An enclosed ball is beyond every camera; half of the surface that is missing is in their sight."""
    surface = trimesh.load(tiny_scene / "surface.ply", process=False)
    middle = surface.vertices.mean(0)
    inside = trimesh.creation.icosphere(3, radius=5).apply_translation(middle + [0, 0, 25])
    half = select_faces(surface, surface.triangles_center[:, 0] < middle[0])
    for name, mesh in (("stuffed", trimesh.util.concatenate([surface, inside])), ("half", half)):
        mesh.export(tmp_path / f"{name}.ply")
    options = {"exact": tiny_scene / "surface.ply", "scene": tiny_scene, "samples": 5000, "json": tmp_path / "s.json"}
    EvalMesh(tmp_path / "stuffed.ply", **options).main()
    seen = json.loads((tmp_path / "s.json").read_text())
    assert seen["chamfer"] < 1e-3 and seen["holes"] == seen["in_front"] == seen["beside"] == 0
    assert seen["components"] == 2 and seen["genus"] == 1 and "what the cameras see" in seen["protocol"]
    EvalMesh(tmp_path / "half.ply", **options).main()
    assert 0.2 < json.loads((tmp_path / "s.json").read_text())["holes"] < 0.8
    EvalMesh(tmp_path / "stuffed.ply", **options, whole=True).main()
    assert json.loads((tmp_path / "s.json").read_text())["accuracy"] > 0.1


def test_points_that_come_with_a_scene_are_used(tiny_scene, tmp_path):
    scene, surface = tmp_path / "scene", trimesh.load(tiny_scene / "surface.ply", process=False)
    shutil.copytree(tiny_scene, scene)
    top = surface.vertices[:, 2].argsort()[-50:]
    points = {"xyz": surface.vertices[top], "normals": surface.vertex_normals[top].astype(np.float16)}
    np.savez(scene / "visible.npz", **points, texture=np.arange(50))
    half = select_faces(surface, surface.triangles_center[:, 2] > surface.vertices[:, 2].mean())
    half.export(tmp_path / "half.ply")
    options = {"exact": scene / "surface.ply", "scene": scene, "samples": 5000, "json": tmp_path / "s.json"}
    EvalMesh(tmp_path / "half.ply", **options).main()
    assert json.loads((tmp_path / "s.json").read_text())["completeness"] == pytest.approx(0, abs=1e-3)
    np.savez(scene / "visible.npz", xyz=surface.vertices[top])
    with pytest.raises(UserError, match="lacks normals, texture.*--whole"):
        EvalMesh(tmp_path / "half.ply", **options).main()


def test_bad_input_is_one_message(spheres, monkeypatch, capsys):
    with pytest.raises(SystemExit) as stop:
        command(monkeypatch, "eval", "mesh", "--mesh", spheres / "none.ply", "--exact", spheres / "11.ply")
    error = capsys.readouterr().err
    assert stop.value.code == 1 and "no mesh file" in error and error.count("\n") == 1
    with pytest.raises(UserError, match="Nothing to compare"):
        EvalMesh(spheres / "10.ply").main()


def test_other_errors_keep_their_stack_trace(spheres, monkeypatch):
    monkeypatch.setattr("idr_neus_plugins.evaluation.reading.load_mesh", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        command(monkeypatch, "eval", "mesh", "--mesh", spheres / "10.ply", "--exact", spheres / "11.ply")


def test_start_up_waits_for_no_heavy_library():
    code = (
        "import sys, idr_neus_plugins.cli.main; print(*{'nerfstudio', 'torch', 'open3d', 'numba'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []
