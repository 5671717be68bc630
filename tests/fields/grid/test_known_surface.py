"""A training that starts from a surface that somebody has found already."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from idr_neus_plugins.core.views import Views
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.fields.grid.geometry import GridGeometry, GridGeometryConfig
from idr_neus_plugins.fields.grid.known_surface import KnownSurface
from idr_neus_plugins.fields.grid.lattice import Lattice

REGION = torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]])
CENTRE, RADIUS = torch.tensor([0.3, -0.2, 0.1]), 0.35
"""Of a ball in the scene that is trained."""
WORLD_FROM_SCENE = torch.tensor(
    [[0.0, -50.0, 0.0, 9.0], [50.0, 0.0, 0.0, 2.0], [0.0, 0.0, 50.0, 3.0], [0.0, 0.0, 0.0, 1.0]], dtype=torch.float64
)
OWN_FROM_SCENE = torch.tensor(
    [[0.0, 0.0, 2.0, 0.1], [2.0, 0.0, 0.0, -0.4], [0.0, 2.0, 0.0, 0.3], [0.0, 0.0, 0.0, 1.0]], dtype=torch.float64
)
"""The scene in which the ball was found is half as large and lies on its side."""


def views(foreground: torch.Tensor | None) -> Views:
    """One camera before the scene, at z = -3."""
    return Views(
        intrinsics=torch.tensor([[[24.0, 0.0, 16.0], [0.0, 24.0, 16.0], [0.0, 0.0, 1.0]]]),
        camera_to_scene=torch.cat([torch.eye(3), torch.tensor([[0.0], [0.0], [-3.0]])], dim=1)[None],
        sizes=torch.tensor([[32, 32]]),
        images=torch.zeros(1, 32, 32, 3, dtype=torch.uint8),
        foreground=foreground,
        is_pinhole=True,
        world_from_scene=WORLD_FROM_SCENE,
    )


@pytest.fixture
def ball(tmp_path) -> Path:
    lattice = Lattice.over(REGION, 64)
    centre = OWN_FROM_SCENE[:3, :3].float() @ CENTRE + OWN_FROM_SCENE[:3, 3].float()
    sdf = (lattice.positions() - centre).norm(dim=1) - 2 * RADIUS
    world = WORLD_FROM_SCENE @ torch.linalg.inv(OWN_FROM_SCENE)
    (tmp_path / "start.npz").write_bytes(KnownSurface(sdf.view(lattice.shape), lattice, world).content())
    return tmp_path / "start.npz"


def started(start: Path, foreground: torch.Tensor | None) -> GridGeometry:
    geometry = GridGeometryConfig(start=start, resolutions=(48,), starts=(0.0,), engine="reference").setup(REGION)
    geometry.initialise(views(foreground))
    return geometry


def around(offset: float) -> torch.Tensor:
    directions = torch.randn(200, 3, generator=torch.Generator().manual_seed(0))
    return CENTRE + (RADIUS + offset) * torch.nn.functional.normalize(directions, dim=1)


def test_the_training_starts_at_the_surface_in_its_own_frame(ball):
    geometry = started(ball, None)
    for offset in (-0.1, 0.0, 0.05):
        assert (geometry.sdf(around(offset)) - offset).abs().max() < 0.01


def test_what_the_masks_deny_is_cut_away(ball):
    right = torch.zeros(1, 32, 32, dtype=torch.uint8)
    right[:, :, 18:] = 255
    geometry, points = started(ball, right), around(0.0)
    x = 24.0 * points[:, 0] / (points[:, 2] + 3.0) + 16.0
    values = geometry.sdf(points)
    assert values[x > 20].abs().max() < 0.03
    assert (values[x < 16.5] > 0.02).all() and (x < 16.5).any()


def test_beyond_its_lattice_distances_grow_on(ball):
    far = torch.tensor([[3.0, 0.0, 0.0]])
    expected = (far - CENTRE).norm() - RADIUS
    assert KnownSurface.read(ball).distances(far, WORLD_FROM_SCENE) == pytest.approx(float(expected), abs=0.3)


def test_another_object_and_another_file_are_refused(ball, tmp_path):
    left = torch.zeros(1, 32, 32, dtype=torch.uint8)
    left[:, :, 9:12] = 255
    with pytest.raises(UserError, match="nothing of that surface"):
        started(ball, left)
    (tmp_path / "text.npz").write_text("none")
    with pytest.raises(UserError, match="text.npz cannot be read as an npz file"):
        started(tmp_path / "text.npz", None)
