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
from idr_neus_plugins.pose.shapes import guessed_rotations, predicted
from idr_neus_plugins.writing import write_json


@pytest.fixture(scope="module")
def photograph(shape_set) -> np.ndarray:
    return np.asarray(Image.open(shape_set / "car/0000/image/000.png").convert("RGBA"))


def test_a_predicted_shape_comes_with_guesses_of_its_view(single_view_run, photograph):
    model = shape_model(single_view_run)
    shape = predicted(model, photograph)
    assert shape.mesh.colors is not None and shape.guesses is not None and len(shape.guesses) == 12
    assert shape.grid.sdf.min() < 0 < shape.grid.sdf.max()
    identity = shape.guesses @ shape.guesses.mT
    assert torch.allclose(identity, torch.eye(3).expand_as(identity), atol=1e-5)
    assert torch.allclose(torch.linalg.det(shape.guesses), torch.ones(12), atol=1e-5), "no mirror images"


def test_a_mirrored_image_is_guessed_to_be_mirrored(single_view_run, photograph):
    """The guesses under an image and under its mirror image are each other's, in another order."""
    model = shape_model(single_view_run)
    sets = []
    for image in (photograph, np.ascontiguousarray(photograph[:, ::-1])):
        predicted(model, image)
        sets.append(guessed_rotations(model))
    mirror = torch.diag(torch.tensor([-1.0, 1.0, 1.0]))
    apart = (sets[0][:, None] - (mirror @ sets[1] @ mirror)[None]).abs().amax((2, 3)).amin(1)
    assert apart.max() < 1e-3


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
