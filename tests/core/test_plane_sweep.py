from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn.functional import normalize

from idr_neus_plugins.core.patches import TensorCamera
from idr_neus_plugins.core.plane_sweep import Patches, Photographs, best_plane, sweep, sweep_reference, warm_up

HEIGHT, WIDTH, RADIUS = 60, 80, 3
NORMAL = normalize(torch.tensor([0.2, -0.1, -1.0]), dim=0)


def painted(points: torch.Tensor) -> torch.Tensor:
    """A grey value in [0, 1] for each place [..., 3] of the scene, with details of all sizes."""
    phases = points @ torch.tensor([[9.0, 23.0, 41.0], [17.0, -12.0, 29.0], [3.0, 5.0, 2.0]])
    return 0.5 + 0.16 * torch.sin(phases).sum(dim=-1)


def scene() -> Photographs:
    """Five cameras before a tilted plane through the origin."""
    centres = torch.tensor([[0.0, 0, -2], [0.5, 0, -2], [-0.5, 0.1, -2], [0, 0.6, -2], [0.1, -0.5, -1.8]])
    backs = normalize(-centres, dim=1)
    rights = normalize(torch.linalg.cross(torch.tensor([[0.0, 1, 0]]).expand_as(backs), backs), dim=1)
    rotations = torch.stack([rights, torch.linalg.cross(backs, rights), backs], dim=2)
    poses = torch.cat([rotations, centres[:, :, None]], dim=2)
    intrinsics = torch.tensor([[90.0, 0, 41], [0, 92, 29], [0, 0, 1]]).expand(5, 3, 3)
    rows, columns = torch.meshgrid(torch.arange(HEIGHT) + 0.5, torch.arange(WIDTH) + 0.5, indexing="ij")
    pictures = []
    for k, pose in zip(intrinsics, poses, strict=True):
        directions = TensorCamera(k, pose).directions(torch.stack([columns, rows], dim=-1).view(-1, 2))
        pictures.append(painted(on_plane(pose[:, 3], directions)).view(HEIGHT, WIDTH))
    return Photographs(intrinsics, poses, torch.stack(pictures), torch.tensor([[HEIGHT, WIDTH]] * 5))


def on_plane(centre: torch.Tensor, directions: torch.Tensor) -> torch.Tensor:
    return centre - directions * ((centre @ NORMAL) / (directions @ NORMAL))[:, None]


@pytest.fixture(scope="module")
def swept() -> tuple[Photographs, Patches, torch.Tensor, torch.Tensor]:
    photographs = scene()
    pixels = torch.rand(40, 2, generator=torch.Generator().manual_seed(0)) * torch.tensor([50.0, 30]) + 15.0
    camera = photographs.camera(0)
    units = normalize(camera.directions(pixels), dim=1)
    exact = (on_plane(camera.pose[:, 3], units) - camera.pose[:, 3]).norm(dim=1)
    distances = exact[:, None] + 0.03 * (torch.arange(-5, 6) + 0.3)
    return photographs, Patches(0, pixels, NORMAL.expand(40, 3), RADIUS), distances, exact


def test_the_kernel_scores_as_the_reference(swept):
    photographs, patches, distances, _ = swept
    photographs = photographs._replace(sizes=torch.tensor([[HEIGHT, WIDTH]] * 3 + [[40, 50]] * 2))
    others = torch.tensor([1, 2, 3, 4])
    expected = sweep_reference(photographs, patches, others, distances, 2)
    torch.testing.assert_close(sweep(photographs, patches, others, distances, 2), expected, atol=1e-4, rtol=0)


def test_the_surface_is_found_between_the_planes(swept):
    photographs, patches, distances, exact = swept
    ncc = sweep(photographs, patches, torch.tensor([1, 2, 3, 4]), distances, 3)
    found, height = best_plane(ncc, distances)
    assert float(height.min()) > 0.9
    assert float((found - exact).abs().median()) < 0.003


def test_a_view_that_shows_something_else_has_no_say(swept):
    photographs, patches, distances, _ = swept
    pictures = photographs.pictures.clone()
    pictures[4] = torch.rand(HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1))
    others, spoilt = torch.tensor([1, 2, 3, 4]), photographs._replace(pictures=pictures)
    found = best_plane(sweep(spoilt, patches, others, distances, 2), distances)[0]
    expected = best_plane(sweep(photographs, patches, others[:3], distances, 2), distances)[0]
    assert float((found - expected).abs().median()) < 0.003


@pytest.mark.parametrize("score", [sweep, sweep_reference])
def test_what_lies_behind_a_camera_is_not_seen_by_it(swept, score):
    """A pinhole lets through what is behind it, too, upside down: pictures that show just that must not agree."""
    photographs, patches, distances, _ = swept
    turned, intrinsics, others = photographs.poses.clone(), photographs.intrinsics.clone(), torch.tensor([1, 2, 3, 4])
    turned[1:, :, 1:3] *= -1.0
    intrinsics[1:, 0, 0] *= -1.0  # every point has the pixel that it had, and the opposite depth
    behind = photographs._replace(poses=turned, intrinsics=intrinsics)
    assert bool((score(behind, patches, others, distances, 2) == -1.0).all())


@pytest.mark.parametrize("score", [sweep, sweep_reference])
def test_planes_behind_the_reference_are_no_places(swept, score):
    photographs, patches, distances, _ = swept
    twins = Photographs(*(part[[0, 0]] for part in photographs))
    alone = torch.tensor([1])
    assert bool((score(twins, patches, alone, distances, 1) > 0.99).all()), "a view agrees with itself"
    assert bool((score(twins, patches, alone, -distances, 1) == -1.0).all())


def test_brightness_and_contrast_do_not_count(swept):
    photographs, patches, distances, _ = swept
    others = torch.tensor([1, 2, 3])
    darker = photographs._replace(pictures=photographs.pictures * torch.tensor([1, 0.5, 0.7, 0.9, 1])[:, None, None])
    torch.testing.assert_close(
        sweep(darker, patches, others, distances, 3),
        sweep(photographs, patches, others, distances, 3),
        atol=1e-3,
        rtol=0,
    )


def test_nothing_is_found_where_nothing_is_to_be_seen(swept):
    photographs, patches, distances, _ = swept
    grey = photographs._replace(pictures=torch.full_like(photographs.pictures, 0.5))
    assert bool((sweep(grey, patches, torch.tensor([1, 2]), distances, 2) == -1.0).all())


def test_warming_up_compiles_what_a_sweep_calls(swept):
    from idr_neus_plugins.core import plane_sweep_kernel

    warm_up("cpu")
    photographs, patches, distances, _ = swept
    sweep(photographs, patches, torch.tensor([1, 2]), distances, 2)
    kernel: Any = plane_sweep_kernel.sweep
    assert len(kernel.signatures) == 1, "types of another call need another compilation, in the middle of a training"


def test_the_best_of_all_at_an_end_is_no_maximum():
    ncc = torch.tensor([[0.9, 0.5, 0.1], [0.1, 0.8, 0.1]])
    found, height = best_plane(ncc, torch.tensor([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]))
    assert height.tolist() == pytest.approx([-1.0, 0.8])
    assert float(found[1]) == pytest.approx(2.0)
