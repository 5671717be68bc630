"""Every command of the main job, end to end: photographs in, surface, video and scores out."""

from __future__ import annotations

import json
import math
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.commands.conftest import SIZE, STEPS, VIEWS, command, train

HELD_OUT = math.ceil(VIEWS / 8)


@pytest.fixture(scope="module")
def exact(scene):
    import trimesh

    return trimesh.load(scene / "surface.ply", process=False)


@pytest.fixture(scope="module")
def mesh_file(trained_run, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("mesh")
    command("ns-export", "mesh", "--load-config", trained_run, "--output-dir", folder, "--resolution", 64)
    return folder / "mesh.ply"


def distances(points, exact) -> np.ndarray:
    """From points to the exact surface, as shares of its diameter."""
    from scipy.spatial import cKDTree

    surface = exact.sample(50_000, seed=0)
    return cKDTree(surface).query(points)[0] / np.linalg.norm(exact.extents)


def checkpoints(run: Path) -> list[str]:
    return sorted(path.name for path in (run / "nerfstudio_models").iterdir())


def test_training_leaves_a_run(trained_run):
    assert trained_run.is_file()
    assert checkpoints(trained_run.parent) == [f"step-{STEPS - 1:09d}.ckpt"]


def test_export_mesh_gives_the_solid_in_world_units(mesh_file, exact):
    import trimesh

    mesh = trimesh.load(mesh_file, process=False)
    assert mesh.is_watertight
    assert np.median(distances(mesh.vertices, exact)) < 0.03
    assert mesh.extents == pytest.approx(exact.extents, rel=0.2)
    colors = mesh.visual.vertex_colors[:, :3]
    assert colors.std(axis=0).min() > 2.0, "the mesh is not painted"


def test_eval_mesh_scores_it(mesh_file, scene, tmp_path):
    scores_file = tmp_path / "scores.json"
    command("idr-neus", "eval", "mesh", "--mesh", mesh_file, "--exact", scene / "surface.ply", "--json", scores_file)
    scores = json.loads(scores_file.read_text())
    assert scores["chamfer"] == pytest.approx((scores["accuracy"] + scores["completeness"]) / 2)
    assert scores["chamfer_relative"] < 0.03
    assert scores["normal_consistency"] > 0.85


def test_eval_images_scores_held_out_views(trained_run, tmp_path):
    scores_file = tmp_path / "scores.json"
    printed = command("idr-neus", "eval", "images", "--load-config", trained_run, "--json", scores_file)
    assert f"{VIEWS - HELD_OUT} training views; {HELD_OUT} held out" in printed
    scores = json.loads(scores_file.read_text())
    assert set(scores) >= {"psnr", "psnr_masked", "ssim", "mask_iou"}
    assert scores["psnr"] > 18.0 and scores["mask_iou"] > 0.85


def test_ns_eval_scores_them_too(trained_run, tmp_path):
    command("ns-eval", "--load-config", trained_run, "--output-path", tmp_path / "eval.json")
    results = json.loads((tmp_path / "eval.json").read_text())["results"]
    assert all(math.isfinite(value) for value in results.values())
    assert results["psnr"] > 18.0 and results["mask_iou"] > 0.85


def test_render_interpolate_has_the_datas_size_and_all_frames(trained_run, tmp_path):
    video, steps = tmp_path / "video.mp4", 3
    arguments = ("--interpolation-steps", steps, "--rendered-output-names", "rgb", "normals")
    command("ns-render", "interpolate", "--load-config", trained_run, "--output-path", video, *arguments)
    entries = "stream=width,height,nb_read_frames"
    probe = ["ffprobe", "-v", "error", "-count_frames", "-show_entries", entries, "-of", "json", str(video)]
    (stream,) = json.loads(subprocess.run(probe, capture_output=True, check=True).stdout)["streams"]
    assert (stream["width"], stream["height"]) == (2 * SIZE, SIZE)
    assert int(stream["nb_read_frames"]) == steps * (HELD_OUT - 1)


def test_export_pointcloud_lies_on_the_solid(trained_run, tmp_path, exact):
    import trimesh
    from nerfstudio.scripts.exporter import ExportPointCloud

    options = {"num_points": 3000, "num_rays_per_batch": 2048, "save_world_frame": True}
    ExportPointCloud(load_config=trained_run, output_dir=tmp_path, **options).main()
    points = trimesh.load(tmp_path / "point_cloud.ply").vertices
    assert len(points) > 1000
    assert np.median(distances(points, exact)) < 0.03


def test_export_poisson(trained_run, tmp_path):
    import trimesh
    from nerfstudio.scripts.exporter import ExportPoissonMesh

    options = {"num_points": 3000, "num_rays_per_batch": 2048, "texture_method": "point_cloud"}
    ExportPoissonMesh(load_config=trained_run, output_dir=tmp_path, **options).main()
    assert len(trimesh.load(tmp_path / "poisson_mesh.ply").faces) > 100


def test_export_cameras(trained_run, tmp_path):
    from nerfstudio.scripts.exporter import ExportCameraPoses

    ExportCameraPoses(load_config=trained_run, output_dir=tmp_path).main()
    frames = {split: json.loads((tmp_path / f"transforms_{split}.json").read_text()) for split in ("train", "eval")}
    assert (len(frames["train"]), len(frames["eval"])) == (VIEWS - HELD_OUT, HELD_OUT)
    assert not {frame["file_path"] for frame in frames["train"]} & {frame["file_path"] for frame in frames["eval"]}


def test_resume_goes_on_where_the_run_stopped(scene, trained_run, tmp_path):
    before = trained_run.parent / "nerfstudio_models"
    resumed = train(scene, tmp_path, STEPS + 10, "--load-dir", before)
    assert checkpoints(resumed) == [f"step-{STEPS + 9:09d}.ckpt"]


def test_bad_input_ends_with_one_message(tmp_path):
    printed = command("ns-train", "neus-idr", "--data", tmp_path / "nowhere", "--output-dir", tmp_path, expect=1)
    assert "nowhere" in printed
    assert "Traceback" not in printed


def test_frames_of_the_scene_are_what_was_asked_for(scene):
    images = sorted((scene / "image").iterdir())
    assert len(images) == VIEWS
    assert Image.open(images[0]).size == (SIZE, SIZE)
