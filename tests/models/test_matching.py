"""A painted sphere and a surface beside it: what the photographs agree on lies on the sphere."""

from typing import Any

import numpy as np
import pytest
import torch

from idr_neus_plugins.core.camera import look_at
from idr_neus_plugins.core.views import Views
from idr_neus_plugins.fields.grid.geometry import GridGeometryConfig
from idr_neus_plugins.fields.mlp import SdfMLPConfig
from idr_neus_plugins.models.matched_points import matched_points
from idr_neus_plugins.models.matching import Matching, MatchingConfig
from tests.models.test_bundle_step import RADIUS, scene_from, sphere

COUNT = 8
WRONG = 1.06
"""Radius of the current surface as a multiple of the true one."""

trace = sphere(WRONG * RADIUS)


@pytest.fixture(scope="module")
def views() -> Views:
    """Eight cameras, ten to twenty degrees apart."""
    angles = np.linspace(-0.5, 0.5, COUNT)
    centres = np.stack([3.2 * np.sin(angles), 0.3 * (-1.0) ** np.arange(COUNT), -3.2 * np.cos(angles)], axis=1)
    down = np.array([0.0, -1.0, 0.0])
    poses = torch.from_numpy(np.stack([look_at(centre, 0.0 * down, down)[:3] for centre in centres])).float()
    return scene_from(poses)


@pytest.fixture(scope="module")
def found(views: Views) -> torch.Tensor:
    torch.manual_seed(0)
    return matched_points(views, trace, 2_000)


def test_points_lie_on_the_true_surface(found: torch.Tensor):
    errors = (found.norm(dim=1) - RADIUS).abs()
    assert len(found) > 300
    assert float(errors.median()) < 0.004  # a ninth of what the current surface has wrong
    assert float(errors.quantile(0.9)) < 0.02


def test_photographs_of_other_sizes_and_without_masks(views: Views, found: torch.Tensor):
    """Padded at the right and below; the background is black, and so nothing that could be matched."""
    padded = torch.nn.functional.pad(views.images, (0, 0, 0, 30, 0, 17))
    torch.manual_seed(0)
    points = matched_points(Views(**{**vars(views), "images": padded, "foreground": None}), trace, 2_000)
    assert float((points.norm(dim=1) - RADIUS).abs().median()) < 0.004


def test_a_view_too_small_for_a_cell_is_left_out(views: Views):
    sizes = views.sizes.clone()
    sizes[0] = 6
    points = matched_points(Views(**{**vars(views), "sizes": sizes, "foreground": None}), trace, 500)
    assert float((points.norm(dim=1) - RADIUS).abs().median()) < 0.004


def test_nothing_is_found_where_all_look_the_same(views: Views):
    grey = torch.full_like(views.images, 128)
    assert matched_points(Views(**{**vars(views), "images": grey}), trace, 500).shape == (0, 3)


def test_three_photographs_are_too_few(views: Views):
    few: dict[str, Any] = {
        name: value[:3] if isinstance(value, torch.Tensor) and len(value) == COUNT else value
        for name, value in vars(views).items()
    }
    assert matched_points(Views(**few), trace, 500).shape == (0, 3)


def test_points_are_asked_for_when_the_training_gets_there(views: Views, capsys: pytest.CaptureFixture[str]):
    matching = MatchingConfig(at=(0.2, 0.5), pixels=500).setup()
    asked = []
    for progress in (0.1, 0.2, 0.3, 0.6, 0.7):
        matching.set_progress(progress)
        asked.append(matching.due)
        if matching.due:
            matching.find(views, trace)
    assert asked == [False, True, False, True, False]
    assert "found by matching" in capsys.readouterr().out


def test_a_resumed_training_looks_for_them_again():
    matching = MatchingConfig(at=(0.2, 0.5)).setup()
    matching.set_progress(0.6)
    assert matching.due


def test_the_loss_is_the_distance_of_the_points(found: torch.Tensor):
    matching = Matching(MatchingConfig(at=(0.0,), weight=2.0, points_in_step=20_000))
    geometry = SdfMLPConfig().setup(torch.tensor([[-1.0] * 3, [1.0] * 3]))
    assert matching.losses(geometry) == {}
    matching.points = found
    loss = matching.losses(geometry)["matching"]
    assert float(loss.detach()) == pytest.approx(2.0 * float(geometry.sdf(found).abs().mean().detach()), rel=0.05)
    loss.backward()
    assert all(part.grad is not None for part in geometry.parameters() if part.requires_grad)


def test_the_surface_is_drawn_to_the_points(found: torch.Tensor):
    torch.manual_seed(0)
    matching = Matching(MatchingConfig(at=(0.0,)))
    geometry = GridGeometryConfig(resolutions=(24,), starts=(0.0,)).setup(torch.tensor([[-1.0] * 3, [1.0] * 3]))
    matching.points = found
    before = float(geometry.sdf(found).detach().abs().median())
    optimizer = torch.optim.Adam(geometry.parameters(), lr=0.05)
    for _ in range(60):
        optimizer.zero_grad()
        matching.losses(geometry)["matching"].backward()
        optimizer.step()
    assert before > 0.08  # of a sphere of radius 0.5 from one of 0.6
    assert float(geometry.sdf(found).detach().abs().median()) < 0.01


def test_cameras_with_distortion_are_left_alone(views: Views, capsys: pytest.CaptureFixture[str]):
    matching = MatchingConfig(at=(0.0,)).setup()
    matching.set_progress(0.0)
    matching.find(Views(**{**vars(views), "is_pinhole": False}), trace)
    assert "pinhole" in capsys.readouterr().out and not matching.due and len(matching.points) == 0
