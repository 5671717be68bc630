import pytest
import torch

from idr_neus_plugins.core.ray_intervals import RayIntervals
from idr_neus_plugins.fields.sharpness import FixedSharpnessConfig
from idr_neus_plugins.laws.unisurf import UNBIASED_SPACING, UnisurfLawConfig
from idr_neus_plugins.renderers.volume import render_volume
from tests.analytic import NormalColors, Plane

INV_S = 50.0


def mean_error(spacing_in_s: float | None, step: float) -> float:
    """Of the rendered depth of a plane at 1.0, in units of 1 / inv_s, over rays whose samples are shifted evenly."""
    count, shifts = int(0.9 / step), 40
    edges = 0.5 + step * (torch.arange(count + 1) + torch.arange(shifts)[:, None] / shifts)
    origins, directions = torch.zeros(shifts, 3), torch.tensor([[0.0, 0.0, 1.0]]).expand(shifts, 3)
    law = UnisurfLawConfig(FixedSharpnessConfig(INV_S), spacing_in_s).setup(Plane(1.0))
    rays = render_volume(origins, directions, RayIntervals.from_edges(edges), Plane(1.0), NormalColors(), law)
    assert rays.accumulation.min() > 0.99
    return float((rays.depth - 1.0).mean()) * INV_S


@pytest.mark.parametrize("step_in_s", [0.1, 0.5, 1.0, 1.5])
def test_with_the_right_spacing_a_plane_is_where_it_is_however_it_is_sampled(step_in_s):
    assert abs(mean_error(UNBIASED_SPACING, step_in_s / INV_S)) < 0.1


def test_as_published_dense_samples_bring_it_forward():
    assert mean_error(None, 0.23 / INV_S) == pytest.approx(-1.98, abs=0.05)


def test_at_that_spacing_alpha_is_the_occupancy():
    published = UnisurfLawConfig(FixedSharpnessConfig(INV_S)).setup(Plane(1.0))
    corrected = UnisurfLawConfig(FixedSharpnessConfig(INV_S), UNBIASED_SPACING).setup(Plane(1.0))
    points = torch.tensor([[0.0, 0.0, z] for z in (0.9, 0.99, 1.0, 1.2)])
    deltas = torch.full((4,), UNBIASED_SPACING / INV_S)
    both = [law(Plane(1.0)(points), torch.zeros(4, 3), deltas) for law in (published, corrected)]
    torch.testing.assert_close(*both)
