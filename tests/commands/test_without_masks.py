"""The main job on a scene without masks, with the commands of a user: train, resume, export."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.commands.conftest import command

STEPS = 40


@pytest.fixture(scope="module")
def scene(tmp_path_factory) -> Path:
    from idr_neus_plugins.data.sample_scene import SampleSceneOptions, write_sample_scene

    folder = tmp_path_factory.mktemp("unmasked") / "scene"
    options = SampleSceneOptions(views=9, size=48, mesh_resolution=32, masks=False, background=True)
    write_sample_scene(folder, options)
    return folder


@pytest.fixture(scope="module")
def run(scene, tmp_path_factory) -> Path:
    """config.yml of a short run of unisurf-fast."""
    output = tmp_path_factory.mktemp("outputs")
    place = ("--output-dir", output, "--experiment-name", "tiny", "--timestamp", "run", "--vis", "tensorboard")
    rays = ("--pipeline.datamanager.train-num-rays-per-batch", 128)
    command("ns-train", "unisurf-fast", "--data", scene, *place, "--max-num-iterations", STEPS, *rays)
    return output / "tiny" / "unisurf-fast" / "run" / "config.yml"


def test_the_background_is_trained_and_saved(run):
    (checkpoint,) = (run.parent / "nerfstudio_models").iterdir()
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    assert state["pipeline"]["_model.background.features.values"].abs().max() > 0.0
    assert {"background", "background_grid"} <= set(state["optimizers"])


def test_its_loaded_model_shows_both_renderings_and_a_mesh_comes_out(run, tmp_path):
    from idr_neus_plugins.cli.export_mesh import ExportMesh
    from idr_neus_plugins.run import load_run

    pipeline = load_run(run).pipeline
    camera = pipeline.datamanager.eval_dataset.cameras[:1]
    outputs = pipeline.model.get_outputs_for_camera(camera)
    assert outputs["rgb"].shape == outputs["surface_rgb"].shape == (48, 48, 3)
    assert set(pipeline.model.renderer.readouts()) == {"inv_s", "interval"}
    assert ExportMesh(load_config=run, output_dir=tmp_path, resolution=40).export().is_file()
