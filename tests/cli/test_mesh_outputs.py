"""A mesh file shows what its model shows, from the cameras of a scene."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from nerfstudio.cameras.cameras import Cameras

from idr_neus_plugins.cli.export_mesh import ExportMesh
from idr_neus_plugins.viewer.mesh_outputs import mesh_outputs
from tests.cli.sphere_run import COLOR, WORLD_FROM_SCENE, write_run


def camera() -> Cameras:
    """Looks at the origin from z = 3 in the scene; wider than high."""
    pose = torch.eye(4)[:3]
    pose[2, 3] = 3.0
    return Cameras(pose[None], fx=60.0, fy=60.0, cx=24.0, cy=16.0, width=48, height=32)


@pytest.mark.parametrize("frame", ["world", "scene"])
def test_both_frames_show_the_sphere_in_its_colour(tmp_path, frame):
    path = ExportMesh(write_run(tmp_path / "run"), tmp_path / "mesh", resolution=40, format="glb", frame=frame).export()
    outputs = mesh_outputs(path, WORLD_FROM_SCENE.numpy())(camera())
    assert outputs["rgb"].shape == outputs["normals"].shape == (32, 48, 3)
    silhouette = np.pi * (60 * 0.5 / np.sqrt(3**2 - 0.5**2)) ** 2
    assert float(outputs["accumulation"].sum()) == pytest.approx(silhouette, rel=0.03)
    torch.testing.assert_close(outputs["rgb"][16, 24], torch.tensor(COLOR), atol=0.01, rtol=0)
    torch.testing.assert_close(outputs["normals"][16, 24], torch.tensor([0.5, 0.5, 1.0]), atol=0.05, rtol=0)
