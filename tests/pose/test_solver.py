"""Poses are found from nothing but a shape and a photograph."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.meshing.mesh import Mesh
from idr_neus_plugins.pose.ground import upright_rotations
from idr_neus_plugins.pose.observation import Observation, observed
from idr_neus_plugins.pose.scenes.placed_object import camera_of
from idr_neus_plugins.pose.shape_grid import ShapeGrid, cached
from idr_neus_plugins.pose.similarity import Poses, rotation_distances
from idr_neus_plugins.pose.solver import SolverSettings, Stage, find_poses
from idr_neus_plugins.pose.starts import ViewSpread, distinct, placed, view_rotations
from tests.pose.shapes import taken

QUICK = SolverSettings(
    stages=(Stage(32, 6, 50, 0.1, 0.5, hold=10), Stage(48, 2, 30, 0.015, 0.4, stretches=True)), starts=6
)


@pytest.fixture(scope="module")
def chair() -> tuple[ShapeGrid, Observation, np.ndarray, np.ndarray]:
    """Its grid, its window, its pose, and its depths."""
    view = taken("chair")
    size = len(view.image)
    camera = camera_of(view.camera_to_world, size)
    matrix = np.linalg.inv(view.camera_to_world) @ view.object.world_from_object
    return cached(view.object.shape.look), observed(view.image, camera.intrinsics), matrix, depths(view.object, camera)


def depths(placed_object, camera: Camera) -> np.ndarray:
    hits = placed_object.renderer.caster.first_hits(camera.centre, camera.rays(camera.pixel_centres()))
    return np.where(hits.met, hits.distances, 0.0).reshape(camera.size)


def true_rotation(matrix: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(matrix[:3, :3] / np.cbrt(np.linalg.det(matrix[:3, :3]))).float()[None]


def test_the_grid_holds_the_mesh(chair):
    shape, _, _, _ = chair
    look: Mesh = taken("chair").object.shape.look
    vertices = torch.from_numpy(look.vertices[::37]).float()
    assert shape.distances(vertices).abs().mean() < 0.01
    colors = torch.from_numpy(look.colors[::37] / 255.0).float()
    assert (shape.rgb(vertices) - colors).abs().mean() < 0.12
    assert shape.distances(torch.tensor([[3.0, 0.0, 0.0]])).item() > 1.5


def test_a_pose_is_found_from_nothing(chair):
    shape, observation, matrix, _ = chair
    found = find_poses(shape, observation, QUICK)
    assert rotation_distances(found.poses.rotations[:1], true_rotation(matrix)).item() < 3.0
    scale = np.cbrt(np.linalg.det(matrix[:3, :3]))
    assert np.allclose(found.poses.translations[0], matrix[:3, 3] / scale, rtol=0.05, atol=0.05)
    assert found.ious[0] > 0.85 and found.scores.sum().item() == pytest.approx(1.0)
    assert (found.losses.diff() >= 0).all()


def test_depths_tell_how_large_it_is(chair):
    shape, _, matrix, depth = chair
    view = taken("chair")
    observation = observed(view.image, camera_of(view.camera_to_world, len(view.image)).intrinsics, depth)
    found = find_poses(shape, observation, QUICK)
    assert found.poses.scales[0].item() == pytest.approx(np.cbrt(np.linalg.det(matrix[:3, :3])), rel=0.03)


def test_what_is_up_stays_up(chair):
    shape, _, matrix, _ = chair
    view, up = taken("chair"), true_rotation(matrix)[0, :, 2]
    intrinsics = camera_of(view.camera_to_world, len(view.image)).intrinsics
    found = find_poses(shape, observed(view.image, intrinsics, up=up.double().numpy()), QUICK)
    torch.testing.assert_close(found.poses.rotations[:, :, 2], up.expand(len(found.losses), 3), atol=1e-5, rtol=0)
    assert rotation_distances(found.poses.rotations[:1], true_rotation(matrix)).item() < 2.0


def test_upright_rotations_go_around():
    up = torch.nn.functional.normalize(torch.tensor([0.1, -0.9, -0.3]), dim=0)
    rotations = upright_rotations(up, 36)
    torch.testing.assert_close(rotations @ rotations.mT, torch.eye(3).expand(36, 3, 3), atol=1e-6, rtol=0)
    assert (torch.linalg.det(rotations) > 0).all() and torch.allclose(rotations[:, :, 2], up)
    steps = rotation_distances(rotations, rotations.roll(1, 0))
    torch.testing.assert_close(steps, torch.full((36,), 10.0), atol=0.05, rtol=0)


def test_candidates_fill_the_mask(chair):
    shape, observation, _, _ = chair
    poses = placed(shape, view_rotations(ViewSpread(4, (10.0,), (0.0,))), observation)
    seen = poses.points(shape.surface_points(4000)) @ observation.intrinsics.T
    pixels = seen[..., :2] / seen[..., 2:]
    low, high = pixels.amin(1), pixels.amax(1)
    inside = (observation.mask > 0.5).nonzero().flip(1).float()
    middle = 0.5 * (inside.amin(0) + inside.amax(0) + 1)
    assert torch.allclose(0.5 * (low + high), middle.expand(4, 2), atol=2.0)
    size = (inside.amax(0) + 1 - inside.amin(0)).norm()
    assert torch.allclose((high - low).norm(dim=1), size.expand(4), rtol=0.05)


def test_starts_that_look_alike_count_once():
    rotations = view_rotations(ViewSpread(36, (0.0,), (0.0,)))
    poses = Poses(rotations, torch.zeros(36, 3), torch.ones(36))
    chosen = distinct(torch.arange(36.0), poses, 5, apart=25.0)
    assert chosen.tolist() == [0, 3, 6, 9, 12]
