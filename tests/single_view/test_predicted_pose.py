"""Poses with shapes that a network predicts: a narrow one that has seen three cars."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from idr_neus_plugins.cli.eval_pose import EvalPose, shape_model
from idr_neus_plugins.pose.prior import ViewPrior, facing
from idr_neus_plugins.pose.shapes import predicted, view_prior
from idr_neus_plugins.pose.similarity import Poses
from idr_neus_plugins.single_view.fields.viewpoint import ViewAngles, bin_middles, seen_in_mirror, view_rotations
from idr_neus_plugins.writing import write_json


@pytest.fixture(scope="module")
def photograph(shape_set) -> np.ndarray:
    return np.asarray(Image.open(shape_set / "car/0000/image/000.png").convert("RGBA"))


def test_a_predicted_shape_comes_with_what_speaks_for_its_view(single_view_run, photograph):
    shape = predicted(shape_model(single_view_run), photograph)
    assert shape.mesh.colors is not None and shape.prior is not None
    assert shape.grid.sdf.min() < 0 < shape.grid.sdf.max()
    sums = shape.prior.log_probabilities.exp().sum(2)
    torch.testing.assert_close(sums, torch.ones_like(sums))
    likely = shape.prior.likely(4)
    assert 1 <= len(likely) <= 4
    torch.testing.assert_close(torch.linalg.det(likely), torch.ones(len(likely)))


def test_a_mirrored_image_is_seen_from_the_mirrored_side(single_view_run, photograph):
    model = shape_model(single_view_run)
    priors = []
    for image in (photograph, np.ascontiguousarray(photograph[:, ::-1])):
        predicted(model, image)
        priors.append(view_prior(model).log_probabilities)
    torch.testing.assert_close(priors[0], seen_in_mirror(priors[1]), atol=1e-3, rtol=0)


def test_a_prior_knows_where_the_camera_looks():
    """An object beside the optical axis is seen under the angles of a camera that looks straight at it."""
    angles = ViewAngles(*(bin_middles(which)[20:21] for which in range(3)))
    log_probabilities = torch.full((1, 3, 36), -20.0)
    log_probabilities[:, :, 20] = 0.0
    prior, place = ViewPrior(log_probabilities), torch.tensor([[0.4, -0.3, 2.0]])
    straight = facing(place) @ place[..., None]
    torch.testing.assert_close(straight[0, :, 0], torch.tensor([0.0, 0.0, place.norm().item()]), atol=1e-6, rtol=0)
    aside = Poses(facing(place).mT @ view_rotations(angles), place, torch.ones(1))
    assert prior.surprise(aside).item() == pytest.approx(0.0, abs=0.01)
    torch.testing.assert_close(prior.likely(1), view_rotations(angles), atol=1e-3, rtol=0)


@pytest.fixture
def scene(shape_set, tmp_path) -> Path:
    """One of the images that the network has learned from, as a user would bring it, and its truth."""
    folder, view = tmp_path / "scene", 0
    car = shape_set / "car/0000"
    (folder / "image").mkdir(parents=True)
    shutil.copy(car / f"image/{view:03d}.png", folder / "image")
    with np.load(car / "samples.npz") as samples:
        intrinsics, pose = samples["intrinsics"][view].astype(float), np.eye(4)
        pose[:3] = samples["camera_to_scene"][view]
    names = {"fl_x": (0, 0), "fl_y": (1, 1), "cx": (0, 2), "cy": (1, 2)}
    write_json(folder / "camera.json", {name: intrinsics[at] for name, at in names.items()} | {"w": 64, "h": 64})
    true = {"mesh": str(car / "mesh.ply"), "object_to_camera": np.linalg.inv(pose).tolist()}
    write_json(folder / "truth.json", {"frames": [{"camera_to_world": pose.tolist(), "objects": [true]}]})
    return folder


def test_scores_of_predicted_shapes(single_view_run, scene, tmp_path):
    EvalPose(scene, shape_checkpoint=single_view_run, json=tmp_path / "s.json").main()
    scores = json.loads((tmp_path / "s.json").read_text())
    assert scores["add_s_median"] < 0.15 and scores["box_iou"] > 0.2, "about where it is, and about as large"
