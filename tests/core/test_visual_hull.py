import numpy as np
import pytest
import torch

from idr_neus_plugins.core.camera import look_at
from idr_neus_plugins.core.views import Views
from idr_neus_plugins.core.visual_hull import in_visual_hull

SIZE = 64


def views_of_a_sphere(radius: float, masked: bool = True) -> Views:
    """Six distant cameras along the axes, looking at the origin."""
    axes = np.eye(3)
    poses = [look_at(20.0 * sign * axes[i], np.zeros(3), axes[i - 2]) for i in range(3) for sign in (1.0, -1.0)]
    focal = 20.0 * SIZE / 2.0  # the region [-1, 1] fills the image
    intrinsics = torch.tensor([[focal, 0.0, SIZE / 2], [0.0, focal, SIZE / 2], [0.0, 0.0, 1.0]]).expand(6, 3, 3)
    pixel = (torch.arange(SIZE) + 0.5) / (SIZE / 2) - 1.0
    disc = ((pixel[:, None] ** 2 + pixel[None] ** 2).sqrt() < radius).to(torch.uint8) * 255
    return Views(
        intrinsics=intrinsics,
        camera_to_scene=torch.tensor(np.stack(poses)[:, :3]).float(),
        sizes=torch.full((6, 2), SIZE),
        images=torch.zeros(6, SIZE, SIZE, 3, dtype=torch.uint8),
        foreground=disc.expand(6, SIZE, SIZE) if masked else None,
        is_pinhole=True,
    )


def test_three_discs_along_the_axes_carve_a_steinmetz_solid():
    points = 2.0 * torch.rand(20_000, 3, generator=torch.Generator().manual_seed(0)) - 1.0
    hull = in_visual_hull(points, views_of_a_sphere(0.6))
    cylinders = torch.stack(
        [points[:, [1, 2]].norm(dim=1), points[:, [0, 2]].norm(dim=1), points[:, [0, 1]].norm(dim=1)]
    )
    reach = cylinders.amax(dim=0)
    assert bool(hull[reach < 0.59].all()) and not bool(hull[reach > 0.75].any())


def test_a_point_that_no_camera_sees_is_not_part_of_it():
    assert not bool(in_visual_hull(torch.tensor([[9.0, 9.0, 9.0]]), views_of_a_sphere(0.6)))


def test_it_needs_masks():
    with pytest.raises(ValueError, match="masks"):
        in_visual_hull(torch.zeros(1, 3), views_of_a_sphere(0.6, masked=False))
