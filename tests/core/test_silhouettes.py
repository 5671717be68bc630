"""Silhouette coherence of a ball seen by exact and by inexact cameras."""

import numpy as np
import torch
from torch.nn.functional import normalize

from idr_neus_plugins.core.camera import look_at
from idr_neus_plugins.core.silhouettes import silhouette_coherence
from idr_neus_plugins.core.views import Views
from idr_neus_plugins.core.visual_hull import in_visual_hull

SIZE, FOCAL = 64, 70.0


def ball_views(shift: float = 0.0, count: int = 12) -> Views:
    """A ball of radius 0.5, photographed from all sides; afterwards each camera is said to stand ``shift`` aside."""
    torch.manual_seed(0)
    backward = normalize(torch.randn(count, 3), dim=1)
    ways = zip(3.0 * backward.numpy(), torch.randn(count, 3).numpy(), strict=True)
    poses = torch.tensor(np.stack([look_at(place, np.zeros(3), up)[:3] for place, up in ways])).float()
    intrinsics = torch.tensor([[FOCAL, 0.0, SIZE / 2], [0.0, FOCAL, SIZE / 2], [0.0, 0.0, 1.0]]).expand(count, 3, 3)
    y, x = torch.meshgrid(torch.arange(SIZE) + 0.5, torch.arange(SIZE) + 0.5, indexing="ij")
    outline = FOCAL * 0.5 / (3.0**2 - 0.5**2) ** 0.5
    mask = ((x - SIZE / 2) ** 2 + (y - SIZE / 2) ** 2 < outline**2).to(torch.uint8) * 255
    signs = torch.where(torch.arange(count) % 2 == 0, 1.0, -1.0)[:, None]
    poses[:, :, 3] += shift * signs * poses[:, :, 0]
    return Views(
        intrinsics=intrinsics,
        camera_to_scene=poses,
        sizes=torch.tensor([[SIZE, SIZE]]).expand(count, 2),
        images=torch.zeros(count, SIZE, SIZE, 3, dtype=torch.uint8),
        foreground=mask.expand(count, SIZE, SIZE),
        is_pinhole=True,
    )


def test_exact_cameras_are_coherent_and_others_the_less_the_further_they_are_off():
    exact, slightly, badly = (silhouette_coherence(ball_views(shift)) for shift in (0.0, 0.1, 0.3))
    assert exact > 0.99
    assert exact > slightly + 0.02 > badly + 0.04


def test_no_foreground_at_all_is_not_coherent():
    views = ball_views()
    assert views.foreground is not None
    empty = Views(**{**vars(views), "foreground": torch.zeros_like(views.foreground)})
    assert silhouette_coherence(empty) == 0.0


def test_tolerance_gives_back_what_inexact_cameras_cut_off():
    """Cameras that are off by 0.2 scene units leave little of the ball; some tolerance brings its size back."""
    points = 1.2 * (torch.rand(4000, 3, generator=torch.Generator().manual_seed(1)) - 0.5)
    inside = points.norm(dim=1) < 0.5
    strict, tolerant = (in_visual_hull(points, ball_views(0.2), tolerance) for tolerance in (0.0, 0.4))
    assert bool((strict <= tolerant).all())
    assert (strict[inside].float().mean() < 0.75) and (tolerant[inside].float().mean() > 0.9)
