"""Poses with shapes that a network predicts: a narrow one that has seen three cars."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from idr_neus_plugins.cli.eval_pose import EvalPose, shape_model
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.pose.scenes.writing import PoseSceneOptions, write_single_views
from idr_neus_plugins.pose.shapes import guessed_rotations, predicted


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


def test_scores_of_predicted_shapes(single_view_run, tmp_path):
    write_single_views(tmp_path / "scene", PoseSceneOptions(1, categories=("car",), size=112))
    try:
        EvalPose(tmp_path / "scene", shape_checkpoint=single_view_run, json=tmp_path / "s.json").main()
    except UserError as error:  # so narrow a network may see nothing in a photograph under other light
        assert "recognises no shape" in str(error)
    else:
        assert (tmp_path / "s.json").is_file()
