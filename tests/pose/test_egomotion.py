"""The path of a camera past two objects, and the scene that is made of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from idr_neus_plugins.cli.egomotion import EstimateEgomotion
from idr_neus_plugins.data.idr_dataparser import IdrDataParserConfig
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.reading import read_mesh
from idr_neus_plugins.pose.egomotion.estimation import estimate_egomotion
from idr_neus_plugins.pose.egomotion.layout import layout_of, seen, world_pose
from idr_neus_plugins.pose.egomotion.result import write_egomotion
from idr_neus_plugins.pose.egomotion.tracking import Refinement, TrackingSettings
from idr_neus_plugins.pose.evaluation.trajectory import trajectory_scores
from idr_neus_plugins.pose.files import read_photographs, read_truth
from idr_neus_plugins.pose.shapes import known
from idr_neus_plugins.pose.tum import read_tum
from tests.pose.shapes import poses
from tests.pose.test_solver import QUICK

SETTINGS = TrackingSettings(
    Refinement(32, 40, 0.05, 0.003), Refinement(32, 30, 0.01, 0.001, 0.5), Refinement(48, 20, 0.003, 0.0005, 0.4)
)


def test_a_layout_and_a_camera_give_back_the_poses():
    before = poses()
    cameras, layout = world_pose(before), layout_of(before)
    again = [seen(cameras, layout, which).rescaled(before.scales[which][None]) for which in range(2)]
    assert torch.allclose(again[0].matrices[0], before.matrices[0])
    ratio = before.scales[0]
    assert torch.allclose(ratio * seen(cameras, layout, 1).matrices[0, :3], before.matrices[1, :3])


@pytest.fixture(scope="module")
def followed(sequence_scene, tmp_path_factory):
    folder = tmp_path_factory.mktemp("egomotion") / "found"
    photographs = read_photographs(sequence_scene)
    shapes = [known(read_mesh(each.mesh)) for each in read_truth(sequence_scene)[0].objects]
    write_egomotion(folder, estimate_egomotion(photographs, shapes, QUICK, SETTINGS), photographs)
    return folder


def test_the_path_is_the_cameras(followed, sequence_scene):
    truth = np.stack([frame.camera_to_world for frame in read_truth(sequence_scene)])
    scores = trajectory_scores(read_tum(followed / "trajectory.txt"), truth)
    assert scores["ate_share"] < 0.03 and scores["rpe_deg"] < 2.0
    assert scores["scale"] == pytest.approx(1.0, abs=0.1), "the camera's height gives the unit"


def test_the_scene_is_one_to_train_on(followed):
    outputs = IdrDataParserConfig(data=followed / "scene").setup().get_dataparser_outputs("train")
    assert "foreground_in_alpha" in outputs.metadata and len(outputs.image_filenames) >= 4
    assert (followed / "trajectory.png").stat().st_size > 5000


def test_what_does_not_fit_is_refused(sequence_scene, tmp_path):
    with pytest.raises(UserError, match="either --mesh"):
        EstimateEgomotion(sequence_scene, tmp_path / "a").main()
    with pytest.raises(UserError, match="shows 2 objects"):
        EstimateEgomotion(sequence_scene, tmp_path / "a", mesh=(sequence_scene / "truth/000.ply",)).main()
