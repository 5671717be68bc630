"""Crop, reference points and blank."""

from __future__ import annotations

from unittest.mock import Mock

import numpy as np
import pytest
import torch
import viser
from nerfstudio.cameras.cameras import Cameras
from nerfstudio.data.scene_box import OrientedBox
from nerfstudio.viewer.control_panel import ControlPanel

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.crop import Box
from idr_neus_plugins.viewer.blank_rendering import FAR, BlankRendering
from idr_neus_plugins.viewer.crop import CropFrame, crop_box
from idr_neus_plugins.viewer.reference import point_errors
from tests.meshing.views import SphereSurface


def panel(on: bool) -> Mock:
    crop = OrientedBox.from_params((0.1, 0.2, 0.3), (0.0, 0.0, np.pi / 2), (2.0, 1.0, 0.5))
    return Mock(spec=ControlPanel, crop_viewport=on, crop_obb=crop)


def test_the_crop_is_the_box_that_nerfstudio_shows():
    assert crop_box(panel(on=False)) is None
    box = crop_box(panel(on=True))
    np.testing.assert_allclose(box.bounds, [[-0.4, -0.8, 0.05], [0.6, 1.2, 0.55]], atol=1e-5)


def test_the_crops_edges_are_drawn_when_they_change():
    server = Mock(spec=viser.ViserServer, scene=Mock())
    frame, box = CropFrame(server, 10.0), Box(np.array([0.1, 0, 0]), np.array([1.0, 0.5, 0.2]))
    for shown in (None, box, box, None):
        frame.show(shown)
    calls = server.scene.add_mesh_simple.call_args_list
    assert [call.kwargs["visible"] for call in calls] == [True, False]
    np.testing.assert_allclose(calls[0].kwargs["vertices"].max(0), [10, 5, 2])
    np.testing.assert_allclose(calls[0].kwargs["position"], [1, 0, 0])


def test_errors_of_reference_points_are_distances_in_the_world(tmp_path):
    surface = SphereSurface(0.5, world_scale=10.0)
    np.savez(tmp_path / "points.npz", xyz=[[6.0, 0, 0], [0, 4.5, 0], [0, 0, 5.0]])
    found = point_errors(tmp_path / "points.npz", surface)
    np.testing.assert_allclose(found.errors, [1.0, 0.5, 0.0], atol=1e-4)
    np.testing.assert_allclose(found.positions[0], [0.6, 0, 0])
    assert "median 0.5" in found.summary and found.colors[0].sum() > found.colors[2].sum()
    with pytest.raises(UserError, match="no point cloud"):
        point_errors(tmp_path / "none.ply", surface)


def test_behind_the_curtain_nothing_is_rendered():
    camera = Cameras(torch.eye(4)[None, :3], 10.0, 10.0, 4.0, 3.0, 8, 6)
    model, drawn = Mock(training=True), []
    model.get_outputs_for_camera.return_value = {"rgb": torch.ones(6, 8, 3), "uncertainty": torch.ones(6, 8, 1)}
    blank = BlankRendering(model, lambda: bool(drawn))
    assert blank.get_outputs_for_camera(camera, obb_box=None) is model.get_outputs_for_camera.return_value
    assert blank.training is True
    drawn.append(True)
    outputs = blank.get_outputs_for_camera(camera)
    assert {name: value.shape[-1] for name, value in outputs.items()} == {
        "rgb": 3, "accumulation": 1, "depth": 1, "normals": 3, "uncertainty": 1
    }  # fmt: skip
    assert outputs["rgb"].shape == (6, 8, 3) and outputs["depth"].min() == FAR
    assert model.get_outputs_for_camera.call_count == 1
