"""A training that starts from a surface that somebody else has found."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import trimesh

from idr_neus_plugins.core.views import TrainingViews
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.fields.grid.geometry import GridGeometryConfig

REGION = torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]])
CENTRE, RADIUS = torch.tensor([0.3, -0.2, 0.1]), 0.35
WORLD_FROM_SCENE = torch.tensor(
    [[0.0, -50.0, 0.0, 9.0], [50.0, 0.0, 0.0, 2.0], [0.0, 0.0, 50.0, 3.0], [0.0, 0.0, 0.0, 1.0]], dtype=torch.float64
)


def unseen() -> TrainingViews:
    """Views with masks that show nothing: whoever looked for a visual hull would find none."""
    return TrainingViews(
        intrinsics=torch.eye(3)[None],
        camera_to_scene=torch.eye(3, 4)[None],
        sizes=torch.tensor([[4, 4]]),
        images=torch.zeros(1, 4, 4, 3, dtype=torch.uint8),
        foreground=torch.zeros(1, 4, 4, dtype=torch.uint8),
        is_pinhole=True,
        world_from_scene=WORLD_FROM_SCENE,
    )


@pytest.fixture
def ball(tmp_path):
    """In the world's frame."""
    mesh = trimesh.creation.icosphere(3, RADIUS)
    mesh.apply_translation(CENTRE.numpy())
    mesh.apply_transform(WORLD_FROM_SCENE.numpy())
    mesh.export(tmp_path / "ball.ply")
    return tmp_path / "ball.ply"


def test_the_training_starts_from_the_mesh(ball):
    geometry = GridGeometryConfig(start=ball, resolutions=(48,), starts=(0.0,)).setup(REGION)
    geometry.initialise(unseen())
    directions = torch.nn.functional.normalize(torch.randn(200, 3, generator=torch.Generator().manual_seed(0)), dim=1)
    for offset in (-0.1, 0.0, 0.05):
        values = geometry.sdf(CENTRE + (RADIUS + offset) * directions)
        assert (values - offset).abs().mean() < 0.02


def test_a_sphere_is_a_sphere_whatever_the_masks_say():
    geometry = GridGeometryConfig(start="sphere", resolutions=(48,), starts=(0.0,)).setup(REGION)
    before = geometry.control.values.detach().clone()
    geometry.initialise(unseen())
    assert torch.equal(geometry.control.values, before)


def test_a_mesh_elsewhere_is_refused(ball):
    geometry = GridGeometryConfig(start=ball, resolutions=(48,), starts=(0.0,)).setup(REGION)
    views = unseen()
    far = TrainingViews(**{**vars(views), "world_from_scene": torch.eye(4, dtype=torch.float64)})
    with pytest.raises(UserError, match="no inside"):
        geometry.initialise(far)
    assert np.isfinite(geometry.control.values.detach().numpy()).all()
