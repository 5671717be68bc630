import torch

from idr_neus_plugins.samplers.neus import NeusSamplerConfig
from tests.analytic import Sphere, rays_at

REGION = torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]])


def test_fine_sections_gather_at_the_surface():
    sphere, (origins, directions) = Sphere(0.5), rays_at(0.3, 100)
    intervals = NeusSamplerConfig().setup(REGION).eval()(origins, directions, sphere)
    exact, met = sphere.meet(origins, directions)
    assert met.all()
    distance = (intervals.midpoints - exact[intervals.ray_indices]).abs()
    assert (distance < 0.1).float().mean() > 0.4  # even intervals alone: about 0.1
    at_surface = distance < 0.01
    assert intervals.deltas[at_surface].mean() < 0.01  # even intervals: 2 / 64


def test_every_ray_that_meets_the_unit_sphere_is_covered_and_no_other():
    origins, directions = rays_at(1.2, 300)
    intervals = NeusSamplerConfig(coarse=8, fine=8).setup(REGION)(origins, directions, Sphere(0.4))
    counts = intervals.offsets.diff()
    assert set(counts.tolist()) == {0, 16}
    assert (intervals.deltas >= 0).all()
    same_ray = intervals.ray_indices.diff() == 0
    assert torch.equal(intervals.ends[:-1][same_ray], intervals.starts[1:][same_ray])
    assert intervals.positions(origins, directions).norm(dim=1).max() <= 1.0 + 1e-5


def test_random_in_training_and_repeatable_in_evaluation():
    sampler, (origins, directions), sphere = NeusSamplerConfig().setup(REGION), rays_at(0.3, 5), Sphere(0.5)
    assert not torch.equal(sampler(origins, directions, sphere).starts, sampler(origins, directions, sphere).starts)
    sampler.eval()
    assert torch.equal(sampler(origins, directions, sphere).starts, sampler(origins, directions, sphere).starts)
