"""A painted sphere whose masks are far too large: only the photographs tell where it ends."""

import numpy as np
import pytest
import torch

from idr_neus_plugins.core.views import Views
from idr_neus_plugins.fields.grid.carving import carved
from idr_neus_plugins.fields.grid.lattice import Lattice
from tests.meshing.views import around, painted_sphere, photograph

SPHERE, MASK = 0.5, 0.75
REGION = torch.tensor([[-1.0] * 3, [1.0] * 3])


def paint(positions: np.ndarray) -> np.ndarray:
    phases = positions @ np.array([[31.0, 3.0, 11.0], [-7.0, 29.0, 5.0], [13.0, -17.0, 37.0]])
    return np.repeat(0.5 + 0.15 * np.sin(phases).sum(1, keepdims=True), 3, axis=1)


@pytest.fixture(scope="module")
def views() -> Views:
    cameras = around(60, size=96, focal=130.0)
    shown = photograph(cameras, painted_sphere(SPHERE, paint))
    wide = photograph(cameras, painted_sphere(MASK, paint))
    return Views(**{**vars(shown), "foreground": wide.foreground})


def ball(lattice: Lattice, radius: float) -> torch.Tensor:
    return (lattice.positions().norm(dim=1).view(lattice.shape) - radius) / lattice.voxel


def test_what_photographs_see_past_is_carved_away(views: Views):
    lattice = Lattice.over(REGION, 48)
    distance = carved(ball(lattice, MASK), lattice, views)
    inside = (distance < 0).float()
    truth = (ball(lattice, SPHERE) < 0).float()
    common = float((inside * truth).sum())
    assert common / float(truth.sum()) > 0.97  # nothing of the sphere is lost
    outer = (ball(lattice, SPHERE) < 2.0).float()  # votes ask for 1.5 voxels
    assert float((inside * (1.0 - outer)).sum()) < 0.02 * float(truth.sum())


def test_without_texture_nothing_is_carved(views: Views):
    lattice = Lattice.over(REGION, 48)
    grey = Views(**{**vars(views), "images": torch.full_like(views.images, 128)})
    hull = ball(lattice, MASK) < 0
    assert ((carved(ball(lattice, MASK), lattice, grey) < 0) == hull).float().mean() > 0.999
