"""Cameras around a painted sphere, turned and moved a little: its points, followed through the photographs, tell."""

import pytest
import torch
from nerfstudio.cameras.cameras import Cameras

from idr_neus_plugins.core.bundle import Bundle, cross_matrix
from idr_neus_plugins.core.camera import look_at
from idr_neus_plugins.core.intersection import ray_sphere
from idr_neus_plugins.core.patches import TensorCamera
from idr_neus_plugins.core.views import Views
from idr_neus_plugins.evaluation.cameras import camera_errors
from idr_neus_plugins.models.bundle_step import bundle_step, laid_over
from idr_neus_plugins.models.camera_refinement import CameraRefinement, CameraRefinementConfig

RADIUS, SIZE, COUNT = 0.6, 128, 6
FLIP = torch.tensor([1.0, -1.0, -1.0, 1.0])


def sphere(radius: float):
    """What traces a sphere about the origin."""

    def trace(origins: torch.Tensor, directions: torch.Tensor):
        near, _, met = ray_sphere(origins / radius, directions)
        points = origins + radius * near[:, None] * directions
        return radius * near, met, points / radius

    return trace


trace = sphere(RADIUS)


def poses() -> torch.Tensor:
    angles = torch.linspace(-0.6, 0.6, COUNT).double().numpy()
    places = [[2.5 * torch.sin(torch.tensor(a)).item(), 0.8 * (-1) ** i, -2.3] for i, a in enumerate(angles)]
    up = torch.tensor([0.0, -1.0, 0.0]).double().numpy()
    ends = [look_at(torch.tensor(p).double().numpy(), 0.0 * up, up)[:3] for p in places]
    return torch.stack([torch.from_numpy(end) for end in ends]).float()


def painted(camera: TensorCamera) -> torch.Tensor:
    axis = torch.arange(SIZE) + 0.5
    pixels = torch.cartesian_prod(axis, axis).flip(1)
    directions = torch.nn.functional.normalize(camera.directions(pixels), dim=1)
    distances, met, normals = trace(camera.pose[:, 3].expand_as(directions), directions)
    x, y, z = (RADIUS * normals).unbind(dim=1)
    grey = 0.5 + 0.16 * (torch.sin(19.0 * x + 4.0 * z) + torch.sin(21.0 * y - 5.0 * x) + torch.sin(15.0 * z + 9.0 * y))
    return torch.where(met, grey, 0.0).view(SIZE, SIZE)


def scene_from(at: torch.Tensor) -> Views:
    """The painted sphere from these poses."""
    intrinsics = torch.tensor([[200.0, 0.0, 64.0], [0.0, 200.0, 64.0], [0.0, 0.0, 1.0]]).expand(len(at), 3, 3)
    pictures = torch.stack([painted(TensorCamera(*view)) for view in zip(intrinsics, at, strict=True)])
    colors = (255.0 * pictures).round().byte()[..., None].expand(-1, -1, -1, 3).contiguous()
    sizes = torch.full((len(at), 2), SIZE)
    return Views(intrinsics, at, sizes, colors, 255 * (pictures > 0).byte(), is_pinhole=True)


def scene() -> Views:
    return scene_from(poses())


def inexact() -> CameraRefinement:
    given = Cameras(poses() * FLIP, fx=200.0, fy=200.0, cx=64.0, cy=64.0, width=SIZE, height=SIZE)
    module = CameraRefinementConfig(mode="SE3").setup(num_cameras=COUNT, device="cpu", cameras=given)
    torch.manual_seed(0)
    module.pose_adjustment.data = 0.01 * torch.randn(COUNT, 6)
    return module


def errors(module: CameraRefinement):
    bottom = torch.tensor([0.0, 0.0, 0.0, 1.0]).expand(COUNT, 1, 4)
    ends = (torch.cat([part, bottom], dim=1).detach().double().numpy() for part in (module.refined() * FLIP, poses()))
    return camera_errors(*ends)


def test_cameras_are_found_from_the_points_of_the_surface():
    module = inexact()
    before = errors(module)
    bundle_step(module, scene(), trace)
    after = errors(module)
    assert after.rotation_deg.mean() < 0.5 * before.rotation_deg.mean()
    # Six small pictures from one side tell a turn from a move only so far; cameras are 2.5 units away.
    assert after.translation.mean() < 0.02
    assert module.pose_adjustment.abs().max() == 0


@pytest.mark.parametrize("what", ["lens", "texture"])
def test_where_nothing_can_be_measured_cameras_stay_and_the_run_says_so(what: str, capsys):
    module, views = inexact(), scene()
    change = {"lens": {"is_pinhole": False}, "texture": {"images": torch.full_like(views.images, 128)}}[what]
    expected = module.refined().detach().clone()
    bundle_step(module, Views(**{**vars(views), **change}), trace)
    torch.testing.assert_close(module.refined().detach(), expected)
    assert "No bundle adjustment" in capsys.readouterr().out


def _without_solution(*_):
    raise torch.linalg.LinAlgError("singular")


def _astray(before: Bundle, *_) -> Bundle:
    return Bundle(before.poses * torch.nan, before.points)


def _on_a_line(before: Bundle, *_) -> Bundle:
    return Bundle(before.poses, before.points * torch.tensor([1.0, 0.0, 0.0]))


@pytest.mark.parametrize("adjusted", [_without_solution, _astray, _on_a_line])
def test_an_adjustment_that_fails_does_not_end_the_training(adjusted, monkeypatch, capsys):
    monkeypatch.setattr("idr_neus_plugins.models.bundle_step.adjust", adjusted)
    module = inexact()
    expected = module.refined().detach().clone()
    bundle_step(module, scene(), trace)
    torch.testing.assert_close(module.refined().detach(), expected)
    assert "No bundle adjustment" in capsys.readouterr().out


def test_a_change_that_is_only_gauge_is_taken_back():
    before = Bundle(poses().double(), torch.randn(40, 3, dtype=torch.float64))
    turn = torch.linalg.matrix_exp(cross_matrix(torch.tensor([[0.2, -0.1, 0.3]], dtype=torch.float64)))[0]
    centres = 1.4 * before.poses[:, :, 3] @ turn.T + 0.5
    moved = Bundle(
        torch.cat([turn @ before.poses[:, :, :3], centres[:, :, None]], 2), 1.4 * before.points @ turn.T + 0.5
    )
    moved.points[:5] += 100.0
    back = laid_over(moved, before)
    torch.testing.assert_close(back.poses, before.poses)
    torch.testing.assert_close(back.points[5:], before.points[5:])
