import torch

from idr_neus_plugins.fields.grid.geometry import GridGeometryConfig
from idr_neus_plugins.fields.grid.sharpness import GridSharpnessConfig
from idr_neus_plugins.laws.neus import NeusLawConfig
from idr_neus_plugins.renderers.volume import render_volume
from idr_neus_plugins.samplers.band import BandSamplerConfig
from tests.analytic import NormalColors, rays_at

REGION = torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]])


def test_sections_lie_in_the_band_and_follow_each_other():
    torch.manual_seed(0)
    geometry = GridGeometryConfig(resolutions=(48,), starts=(0.0,), inv_s_start=100.0, engine="reference").setup(REGION)
    sampler = BandSamplerConfig(step=0.5).setup(REGION)
    origins, directions = rays_at(0.7, 200)
    intervals = sampler(origins, directions, geometry)
    half_width = 5.0 / geometry.inv_s + 4.0 * geometry.lattice.voxel  # widened by a node, found by the nearest node
    assert geometry.sdf(intervals.positions(origins, directions)).abs().max() < half_width
    torch.testing.assert_close(intervals.deltas, torch.full_like(intervals.deltas, 0.5 * geometry.lattice.voxel))
    same_ray = intervals.ray_indices.diff() == 0
    assert bool((intervals.starts.diff()[same_ray] > 0).all())

    # Rendered over these intervals alone, the sphere lies where it is: at radius 0.5 from its centre.
    law = NeusLawConfig(sharpness=GridSharpnessConfig()).setup(geometry)
    sampler.eval()
    intervals = sampler(origins, directions, geometry)
    rays = render_volume(origins, directions, intervals, geometry, NormalColors(), law)
    through_the_middle = torch.linalg.cross(origins, directions).norm(dim=1) < 0.3
    surface = (origins + rays.depth * directions)[through_the_middle]
    assert rays.accumulation[through_the_middle].min() > 0.97
    torch.testing.assert_close(surface.norm(dim=1), torch.full((len(surface),), 0.5), atol=0.01, rtol=0)


def test_a_ray_that_misses_costs_nothing():
    geometry = GridGeometryConfig(resolutions=(24,), starts=(0.0,), engine="reference").setup(REGION)
    intervals = BandSamplerConfig().setup(REGION)(
        torch.tensor([[0.0, 5.0, 0.0]]), torch.tensor([[1.0, 0.0, 0.0]]), geometry
    )
    assert intervals.num_rays == 1 and len(intervals.starts) == 0
