"""The grid's tracer against the sphere tracer and the exact sphere."""

import pytest
import torch

from idr_neus_plugins.core.tracing import RayStatus
from idr_neus_plugins.fields.grid.geometry import GridGeometry, GridGeometryConfig
from idr_neus_plugins.samplers.band_tracer import BandTracerConfig
from idr_neus_plugins.samplers.tracer import SphereTracerConfig
from tests.analytic import rays_at

REGION = torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]])


def ball(inv_s: float = 60.0) -> GridGeometry:
    """A ball of radius 0.5 on 48^3 voxels."""
    return GridGeometryConfig(resolutions=(48,), starts=(0.0,), inv_s_start=inv_s, engine="reference").setup(REGION)


@pytest.mark.parametrize("training", [True, False])
def test_it_meets_what_the_sphere_tracer_meets(training):
    torch.manual_seed(0)
    geometry, rays = ball(), rays_at(0.7, 300)
    tracer = BandTracerConfig().setup(REGION).train(training)
    found = tracer(*rays, geometry, find_lowest=True)
    known = SphereTracerConfig().setup(REGION)(*rays, geometry, find_lowest=True)
    assert int((found.solid != known.solid).sum()) <= 3  # barely grazed
    both = found.solid & known.solid
    assert 100 < int(both.sum()) < 280
    torch.testing.assert_close(found.distances[both], known.distances[both], atol=2e-4, rtol=0)
    assert found.lowest is not None and known.lowest is not None

    def sdf(at: torch.Tensor) -> torch.Tensor:
        return geometry.sdf(rays[0] + at[:, None] * rays[1])

    missed = ~found.solid
    torch.testing.assert_close(sdf(found.lowest)[missed], sdf(known.lowest)[missed], atol=1e-2, rtol=0)
    assert sdf(found.lowest)[both].max() < 1e-3


def test_rays_beside_the_region_and_through_empty_space():
    tracer, geometry = BandTracerConfig().setup(REGION).eval(), ball(inv_s=500.0)
    origins = torch.tensor([[0.0, 5.0, -3.0], [0.0, 0.9, -3.0], [0.0, 0.0, -3.0], [0.0, 0.0, 0.0]])
    directions = torch.tensor([[0.0, 0.0, 1.0]]).expand(4, 3)
    traced = tracer(origins, directions, geometry, find_lowest=True)
    assert traced.status.tolist()[:3] == [RayStatus.OUTSIDE, RayStatus.PASSED, RayStatus.SEARCHED]
    assert float(traced.distances[2]) == pytest.approx(2.5, abs=1e-3)
    assert traced.lowest is not None and float(traced.lowest[1]) == pytest.approx(3.0, abs=0.05)


def test_no_rays():
    traced = BandTracerConfig().setup(REGION)(torch.zeros(0, 3), torch.zeros(0, 3), ball(), find_lowest=True)
    assert len(traced.status) == 0
