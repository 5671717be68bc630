"""Windows around objects, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.pose.observation import SHARE, SIDE, observed

MATRIX = np.array([[120.0, 0, 50], [0, 120.0, 40], [0, 0, 1]])


def disc(x: float, y: float, radius: float) -> np.ndarray:
    rows, columns = np.indices((80, 100)) + 0.5
    inside = np.hypot(columns - x, rows - y) < radius
    return (np.stack([inside * 200, inside * 100, inside * 50, inside * 255], -1)).astype(np.uint8)


def test_the_window_holds_the_object_and_its_rays_are_those_of_the_image():
    observation = observed(disc(62, 33, 15), MATRIX)
    assert observation.mask.sum().item() == pytest.approx(np.pi / 4 * (SHARE * SIDE) ** 2, rel=0.03)
    weights = observation.mask.view(-1, 1)
    middle = (weights * observation.directions).sum(0) / weights.sum()
    assert middle[:2].tolist() == pytest.approx([(62 - 50) / 120, (33 - 40) / 120], abs=2e-3)


def test_fewer_pixels_see_the_same():
    whole = observed(disc(50, 40, 20), MATRIX)
    small = whole.at(24)
    assert small.mask.mean().item() == pytest.approx(whole.mask.mean().item(), abs=1e-6)
    colors = small.colors[small.mask > 0.99]
    assert torch.allclose(colors, torch.tensor([200.0, 100.0, 50.0]) / 255, atol=0.01)
    assert torch.allclose(small.directions.mean(0), whole.directions.mean(0), atol=1e-5)
    assert small.pixel == pytest.approx(4 * whole.pixel)


def test_depths_are_those_of_the_object_alone():
    depth = np.full((80, 100), 3.0)
    observation = observed(disc(50, 40, 20), MATRIX, depth).at(48)
    assert observation.depth is not None
    assert set(observation.depth.unique().tolist()) <= {0.0, 3.0} and bool(observation.depth.any())


def test_an_image_without_an_object_is_refused():
    with pytest.raises(UserError, match=r"cat.png shows no object"):
        observed(np.zeros((80, 100, 4), np.uint8), MATRIX, name="cat.png")


@pytest.mark.parametrize(
    ("place", "side"), [((2, 40), "left"), ((98, 40), "right"), ((50, 1), "upper"), ((50, 79), "lower")]
)
def test_an_object_that_is_cut_off_is_refused(place, side):
    with pytest.raises(UserError, match=f"{side} border"):
        observed(disc(*place, 10), MATRIX)
