"""Derivatives of reprojections, and cameras found back from the points that they see."""

import pytest
import torch

from idr_neus_plugins.core.bundle import Bundle, Observations, adjust, linearise, reprojections
from idr_neus_plugins.evaluation.cameras import camera_errors

VIEWS, POINTS = 8, 40
INTRINSICS = torch.tensor([[700.0, 0.0, 320.0], [0.0, 710.0, 240.0], [0.0, 0.0, 1.0]], dtype=torch.float64)


def scene(seed: int = 0) -> tuple[Bundle, torch.Tensor, Observations]:
    """Cameras on a cap around points in the unit cube; each sees three quarters of the points, without error."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    poses = torch.eye(4, dtype=torch.float64)[:3].repeat(VIEWS, 1, 1)
    poses[:, 2, 3] = -4.0
    poses = Bundle(poses, torch.zeros(0, 3)).moved(0.1 * normal(VIEWS, 6), torch.zeros(0, 3)).poses
    centres = poses[:, :, 3] + torch.cat([normal(VIEWS, 2), torch.zeros(VIEWS, 1)], dim=1)
    bundle = Bundle(torch.cat([poses[:, :, :3], centres[:, :, None]], dim=2), normal(POINTS, 3).clamp(-1.0, 1.0))
    pairs = torch.cartesian_prod(torch.arange(VIEWS), torch.arange(POINTS))
    pairs = pairs[torch.rand(len(pairs), generator=generator) < 0.75]
    seen = Observations(pairs[:, 0], pairs[:, 1], torch.zeros(len(pairs), 2, dtype=torch.float64))
    intrinsics = INTRINSICS.expand(VIEWS, 3, 3)
    return bundle, intrinsics, seen._replace(pixels=reprojections(bundle, intrinsics, seen))


def perturbed(bundle: Bundle, size: float) -> Bundle:
    torch.manual_seed(1)
    cameras, points = (torch.randn(len(part), k, dtype=torch.float64) for part, k in zip(bundle, (6, 3), strict=True))
    return bundle.moved(size * cameras, size * points)


def errors(poses: torch.Tensor, truth: torch.Tensor):
    bottom = torch.tensor([0.0, 0.0, 0.0, 1.0], dtype=torch.float64).expand(VIEWS, 1, 4)
    return camera_errors(*(torch.cat([part, bottom], dim=1).numpy() for part in (poses, truth)))


def test_derivatives_agree_with_finite_differences():
    bundle, intrinsics, seen = scene()
    linear = linearise(bundle, intrinsics, seen)
    torch.manual_seed(2)
    cameras, points = torch.randn(VIEWS, 6, dtype=torch.float64), torch.randn(POINTS, 3, dtype=torch.float64)
    step = 1e-5
    ends = [reprojections(bundle.moved(s * cameras, s * points), intrinsics, seen) for s in (step, -step)]
    expected = (ends[0] - ends[1]) / (2.0 * step)
    change = linear.by_camera @ cameras[seen.views, :, None] + linear.by_point @ points[seen.points, :, None]
    torch.testing.assert_close(change[:, :, 0], expected, rtol=1e-6, atol=1e-5)


def test_perturbed_cameras_are_found_back_up_to_a_similarity():
    truth, intrinsics, seen = scene()
    start = perturbed(truth, 0.03)
    assert errors(start.poses, truth.poses).rotation_deg.mean() > 1.0
    found = errors(adjust(start, intrinsics, seen).poses, truth.poses)
    assert found.rotation_deg.max() < 1e-6 and found.translation.max() < 1e-6


def test_wrong_observations_hardly_count():
    truth, intrinsics, seen = scene()
    pixels = seen.pixels.clone()
    pixels[::10] += 40.0
    found = errors(adjust(perturbed(truth, 0.01), intrinsics, seen._replace(pixels=pixels)).poses, truth.poses)
    assert found.rotation_deg.max() < 0.02


def test_a_point_that_nothing_sees_stays_and_breaks_nothing():
    truth, intrinsics, seen = scene()
    start = perturbed(truth, 0.01)
    adjusted = adjust(start, intrinsics, seen.where(seen.points != 5))
    torch.testing.assert_close(adjusted.points[5], start.points[5])
    assert errors(adjusted.poses, truth.poses).rotation_deg.max() < 1e-5


@pytest.mark.parametrize("views", [1, 2])
def test_exact_cameras_stay(views: int):
    truth, intrinsics, seen = scene()
    adjusted = adjust(truth, intrinsics, seen.where(seen.views < views))
    torch.testing.assert_close(adjusted.poses, truth.poses, atol=1e-9, rtol=0)
