"""``rrb`` as nerfstudio runs it, in process, and ``eval pose``."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch

from idr_neus_plugins.cli.eval_pose import EvalPose, shape_model
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.methods.rrb import rrb
from idr_neus_plugins.pose.files import read_truth
from idr_neus_plugins.pose.similarity import rotation_distances

STEPS = 40


def config_for(scene: Path, output: Path):
    config = deepcopy(rrb.config)
    config.output_dir, config.experiment_name, config.timestamp, config.vis = output, "pose", "run", "tensorboard"
    config.data = config.pipeline.datamanager.data = scene
    config.max_num_iterations = STEPS
    config.pipeline.mesh = scene / "truth/000.ply"
    config.pipeline.model.sides = (32, 48)
    return config


@pytest.fixture(scope="module")
def trainer(single_scene, tmp_path_factory):
    config = config_for(single_scene, tmp_path_factory.mktemp("rrb"))
    config.save_config()
    trainer = config.setup(local_rank=0, world_size=1)
    trainer.setup()
    trainer.train()
    return trainer


def test_the_best_hypothesis_is_the_true_pose(trainer, single_scene):
    found = json.loads((trainer.base_dir / "poses.json").read_text())["hypotheses"]
    true = read_truth(single_scene)[0].objects[0].object_to_camera
    best, true = (torch.from_numpy(np.array(each)) for each in (found[0]["object_to_camera"], true))
    scale = true[:3, :3].det() ** (1 / 3)
    assert (
        rotation_distances((best / best[:3, :3].det() ** (1 / 3))[None, :3, :3], true[None, :3, :3] / scale).item() < 6
    )
    assert (best[:3, :3].det() ** (1 / 3)).item() == pytest.approx(scale.item(), rel=0.25), "from the camera's height"
    assert sum(each["score"] for each in found) == pytest.approx(1)


def test_it_is_shown_where_the_photograph_shows_it(trainer):
    camera, batch = trainer.pipeline.datamanager.next_eval_image(0)
    outputs = trainer.pipeline.model.get_outputs_for_camera(camera)
    shown, seen = outputs["accumulation"][..., 0] > 0.5, batch["foreground"][..., 0] > 0.5
    assert (shown & seen).sum() / (shown | seen).sum() > 0.85
    assert outputs["rgb"].shape == (112, 112, 3) and outputs["depth"][shown].mean() > 1.5


def test_a_run_needs_a_shape(single_scene, tmp_path):
    config = config_for(single_scene, tmp_path)
    config.pipeline.mesh = None
    with pytest.raises(UserError, match="shape-checkpoint"):
        config.pipeline.setup(device="cpu", test_mode="val")


def test_other_runs_bring_no_shape(trainer, tmp_path):
    with pytest.raises(UserError, match="no run configuration"):
        shape_model(tmp_path)
    with pytest.raises(UserError, match="rrb"):
        shape_model(trainer.base_dir)


def test_poses_of_a_scene_are_scored(single_scene, tmp_path):
    EvalPose(single_scene, limit=1, json=tmp_path / "s.json", pictures=tmp_path / "p.png").main()
    scores = json.loads((tmp_path / "s.json").read_text())
    assert scores["rotation_deg_median"] < 2.0 and scores["box_iou"] > 0.85 and scores["add_s_median"] < 0.03
    assert scores["accuracy_10"] == 1.0 and len(scores["photographs"]) == 1
    assert (tmp_path / "p.png").is_file()
