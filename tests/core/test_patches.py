"""Patches of a textured plane: where a second camera sees them, and what is too flat to say."""

import torch

from idr_neus_plugins.core.patches import (
    TensorCamera,
    align,
    best_of_cells,
    cornerness,
    sample,
    square_offsets,
    tangent_patches,
)

INTRINSICS = torch.tensor([[100.0, 0.0, 32.0], [0.0, 100.0, 32.0], [0.0, 0.0, 1.0]])
NORMAL = torch.nn.functional.normalize(torch.tensor([0.2, -0.1, -1.0]), dim=0)


def camera(x: float) -> TensorCamera:
    return TensorCamera(INTRINSICS, torch.cat([torch.eye(3), torch.tensor([[x], [0.0], [-2.0]])], dim=1))


def photograph(view: TensorCamera) -> torch.Tensor:
    """Of a wavy texture on the plane through the origin with NORMAL."""
    pixels = square_offsets(32)[None] + 32.0
    points = tangent_patches(view, torch.zeros(1, 2), torch.zeros(1, 3), NORMAL[None], pixels[0])[0]
    grey = 0.5 + 0.2 * (torch.sin(20.0 * points[:, 0]) + torch.cos(23.0 * points[:, 1] + 3.0 * points[:, 0]))
    return grey.view(65, 65)


def test_tangent_patches_lie_on_the_plane_and_project_to_their_pixels():
    view, pixels, offsets = camera(0.1), torch.tensor([[30.0, 35.0]]), square_offsets(2)
    points = tangent_patches(view, pixels, torch.zeros(1, 3), NORMAL[None], offsets)
    torch.testing.assert_close(points @ NORMAL, torch.zeros(1, 25), atol=1e-5, rtol=0)
    torch.testing.assert_close(view.project(points), pixels + offsets[None], atol=1e-3, rtol=0)


def test_what_is_not_before_a_camera_has_no_pixel():
    view = camera(0.0)
    before, behind = torch.tensor([0.3, -0.2, 1.5]), torch.tensor([-0.3, 0.2, -5.5])
    torch.testing.assert_close((behind - view.pose[:, 3]), -(before - view.pose[:, 3]), msg="on one line with the eye")
    assert view.project(before).isfinite().all()
    assert view.project(behind).isposinf().all()
    assert view.project(view.pose[:, 3]).isposinf().all()


def test_pixels_above_the_horizon_see_no_plane():
    floor = torch.tensor([[0.0, -1.0, 0.0]])
    pixels, point = torch.tensor([[32.0, 34.0]]), torch.tensor([[0.0, 0.1, 3.0]])
    offsets = torch.tensor([[0.0, 3.0], [0.0, 0.0], [0.0, -5.0]])
    points = tangent_patches(camera(0.0), pixels, point, floor, offsets)[0]
    assert points.isfinite().all(dim=1).tolist() == [True, True, False]
    assert camera(0.0).project(points)[2].isposinf().all()


def test_a_shifted_camera_is_noticed_to_a_fraction_of_a_pixel_whatever_the_exposure():
    first, second = camera(0.0), camera(0.3)
    # Pixel (0, 0) of the array shows what is at coordinate 0: half a pixel apart from the convention, in both alike.
    images = [photograph(first), 0.5 * photograph(second) + 0.3]
    pixels, offsets = torch.tensor([[28.0, 30.0], [36.0, 38.0]]), square_offsets(5)
    points = tangent_patches(first, pixels, torch.zeros(2, 3), NORMAL.expand(2, 3), torch.zeros(1, 2))[:, 0]
    places = second.project(tangent_patches(first, pixels, points, NORMAL.expand(2, 3), offsets))
    reference = sample(images[0][None], pixels[:, None] + offsets + 0.5)[0]
    wrong = torch.tensor([[1.6, -1.2], [-1.4, 1.5]])
    found = align(reference, images[1], places + 0.5 + wrong[:, None], torch.zeros(2, 2), steps=15)
    torch.testing.assert_close(found.shifts, -wrong, atol=0.05, rtol=0)
    assert found.ncc.min() > 0.99


def test_where_there_is_nothing_to_see_nothing_is_alike():
    flat = torch.full((65, 65), 0.5)
    found = align(torch.rand(1, 25), flat, 30.0 + square_offsets(2)[None], torch.zeros(1, 2))
    assert float(found.ncc) == -1.0 and found.shifts.isfinite().all()


def test_corners_are_found_one_per_cell_and_only_where_allowed():
    image = torch.zeros(40, 40)
    image[10:, 10:] = 1.0
    allowed = torch.zeros(40, 40, dtype=torch.bool)
    allowed[:20] = True
    pixels = best_of_cells(cornerness(image, radius=2), allowed, cell=20)
    assert len(pixels) == 2
    assert (pixels[0] - 10.0).norm() < 3.0
