import math

import pytest
import torch

from idr_neus_plugins.fields.grid.density import GridDensity, GridDensityConfig
from tests.analytic import rays_at

REGION = torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]])


def ball(**options) -> GridDensity:
    """Density 100 within 0.4 of the centre, falling steeply outside."""
    field = GridDensityConfig(resolutions=(16, 24), starts=(0.0, 0.5), engine="reference", **options).setup(REGION)
    with torch.no_grad():
        radius = field.lattice.positions().norm(dim=1)
        field.control.values.copy_((-math.log(100.0) + 60.0 * (radius - 0.4).clamp(min=0)).view(field.lattice.shape))
    return field


def test_it_starts_with_an_even_density_and_a_gradient_of_zero():
    field = GridDensityConfig(resolutions=(12,), starts=(0.0,), density_start=0.5, engine="reference").setup(REGION)
    output = field(torch.rand(20, 3) - 0.5)
    torch.testing.assert_close(torch.exp(-output.sdf), torch.full((20,), 0.5))
    assert output.gradients.abs().max() < 1e-5


def test_its_gradient_is_that_of_minus_the_log_of_density():
    field, points = ball(), torch.rand(50, 3) * 1.2 - 0.6
    step = 1e-3
    shifted = [field.sdf(points + step * axis) - field.sdf(points - step * axis) for axis in torch.eye(3)]
    torch.testing.assert_close(field(points).gradients, torch.stack(shifted, dim=1) / (2 * step), atol=0.2, rtol=0.02)


def test_refining_keeps_the_density():
    field, points = ball(), torch.rand(200, 3) * 1.6 - 0.8
    before = field.sdf(points)
    field.train().set_progress(0.6)
    assert field.lattice.resolution == pytest.approx(24, rel=0.05)
    assert (field.sdf(points) - before).abs().median() < 1.0


def test_rays_look_everywhere_at_first_and_later_where_there_is_density():
    field, (origins, directions) = ball(), rays_at(0.9, 100)
    jitter = torch.full((100,), 0.5)
    _, at_first = field.march(origins, directions, jitter, 1.0)
    field.train().set_progress(0.6)
    distances, later = field.march(origins, directions, jitter, 1.0)
    assert at_first.min() > 0 and later.sum() < 0.5 * at_first.sum() * 24 / 16
    positions = origins.repeat_interleave(later, 0) + distances[:, None] * directions.repeat_interleave(later, 0)
    assert positions.norm(dim=1).max() < 0.8
    aimed = torch.linalg.cross(origins, directions).norm(dim=1) < 0.3
    assert later[aimed].min() > 3
    assert len(field.control.values.nodes.take()[0]) < 0.5 * field.control.values.numel()
