import pytest
import torch

from idr_neus_plugins.fields.geometry import GeometryField, GeometryOutput
from idr_neus_plugins.fields.grid.geometry import GridGeometryConfig
from idr_neus_plugins.samplers.unisurf import ShrinkingInterval, UnisurfBandSamplerConfig, UnisurfSamplerConfig
from tests.analytic import Plane, Sphere, rays_at

REGION = torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]])
SPHERE = Sphere(0.5, (0.1, -0.05, 0.0))


class Sheet(GeometryField):
    """A solid wall across z of a given thickness."""

    def __init__(self, thickness: float) -> None:
        super().__init__()
        self.thickness = thickness

    def forward(self, positions: torch.Tensor) -> GeometryOutput:
        gradients = torch.zeros_like(positions)
        gradients[:, 2] = positions[:, 2].sign()
        return GeometryOutput(positions[:, 2].abs() - 0.5 * self.thickness, gradients, None)


def sampler(progress: float = 0.0, **options):
    built = UnisurfSamplerConfig(**options).setup(REGION).eval()
    built.set_progress(progress)
    return built


def test_it_meets_a_sphere_where_it_is_grazing_rays_included():
    origins, directions = rays_at(0.8, 2000)
    placed = sampler().place(origins, directions, SPHERE)
    exact, met = SPHERE.meet(origins, directions)
    chord = (exact - (-(origins - SPHERE.centre) * directions).sum(1)).abs()  # half of what lies in the sphere
    longer_than_a_step = met & (chord > 2.0 / 256)
    assert longer_than_a_step.sum() > 500 and (~met).sum() > 500
    assert not (placed.met & ~met).any() and placed.met[longer_than_a_step].all()
    torch.testing.assert_close(placed.surface[longer_than_a_step], exact[longer_than_a_step], atol=1e-4, rtol=0)
    assert placed.surface[~placed.met].abs().max() == 0.0


@pytest.mark.parametrize("thickness, found", [(0.05, True), (2.1 * 2 / 256, True), (1e-4, False)])
def test_a_wall_is_met_if_it_is_thicker_than_a_step(thickness, found):
    origins = torch.tensor([[0.02, 0.01, -3.0]]).expand(5, 3)
    placed = sampler(marching=255).place(origins, torch.tensor([[0.0, 0.0, 1.0]]).expand(5, 3), Sheet(thickness))
    assert bool(placed.met.all()) is found
    if found:
        torch.testing.assert_close(placed.surface, torch.full((5,), 3.0 - 0.5 * thickness), atol=1e-5, rtol=0)


def test_a_ray_that_begins_in_the_solid_meets_it_where_it_enters_again():
    origins = torch.tensor([[0.0, 0.0, 0.0]])
    assert not sampler().place(origins, torch.tensor([[0.0, 0.0, 1.0]]), Sphere(0.5)).met.any()
    assert not sampler().place(origins, torch.tensor([[0.0, 0.0, -1.0]]), Plane(-0.3)).met.any()


@pytest.mark.parametrize("progress, width", [(0.0, 2.0), (0.2, 2.0 * 2.718281828 ** (-0.2 * 6.75)), (1.0, 0.1)])
def test_sections_are_in_the_interval_and_before_it(progress, width):
    origins, directions = rays_at(0.3, 100)
    built = sampler(progress)
    assert built.readouts()["interval"] == pytest.approx(width)
    placed = built.place(origins, directions, SPHERE)
    intervals, rays = placed.intervals, placed.intervals.ray_indices
    before = 32 if progress >= 5000 / 450_000 else 0
    assert set(intervals.offsets.diff().tolist()) == {64 + before}
    beyond = intervals.midpoints - placed.surface[rays]
    within = beyond.abs() <= built.width
    assert (beyond <= built.width).all() and (intervals.deltas > 1e-4).all()
    counts = torch.zeros(100).index_add(0, rays, within.float())
    assert (counts >= 64).all()
    if width < 0.5:
        assert (counts == 64).all()


def test_a_ray_without_surface_is_covered_evenly():
    origins, directions = torch.tensor([[0.0, 0.8, -3.0]]), torch.tensor([[0.0, 0.0, 1.0]])
    placed = sampler(0.5).place(origins, directions, Sphere(0.3))
    assert not placed.met.any() and len(placed.intervals.starts) == 96
    torch.testing.assert_close(placed.intervals.deltas, torch.full((96,), 2 * 0.6 / 96))


def test_in_a_grid_the_interval_lies_within_the_band():
    torch.manual_seed(0)
    geometry = GridGeometryConfig(resolutions=(48,), starts=(0.0,), inv_s_start=25.0, engine="reference").setup(REGION)
    built = UnisurfBandSamplerConfig(interval=ShrinkingInterval(1.0, 5.0, 0.05), before_every=3).setup(REGION).eval()
    built.set_progress(1.0)
    origins, directions = rays_at(0.7, 300)
    placed, whole = built.place(origins, directions, geometry), built.band(origins, directions, geometry)
    exact, met = Sphere(0.5).meet(origins, directions)
    clearly = Sphere(0.45).meet(origins, directions)[1]
    assert placed.met[clearly].all() and not placed.met[~Sphere(0.52).meet(origins, directions)[1]].any()
    torch.testing.assert_close(placed.surface[clearly], exact[clearly], atol=3e-3, rtol=0)
    beyond = placed.intervals.midpoints - placed.surface[placed.intervals.ray_indices]
    of_met = placed.met[placed.intervals.ray_indices]
    assert beyond[of_met].max() <= 0.05
    kept, all_of_them = placed.intervals.offsets.diff(), whole.offsets.diff()
    assert torch.equal(kept[~placed.met], all_of_them[~placed.met])
    inside = (beyond[of_met].abs() <= 0.05).sum()
    in_whole = ((whole.midpoints - placed.surface[whole.ray_indices]).abs() <= 0.05)[
        placed.met[whole.ray_indices]
    ].sum()
    assert inside == in_whole and (kept[clearly] < all_of_them[clearly]).all()
    ordered = placed.intervals.starts.diff()[placed.intervals.ray_indices.diff() == 0]
    assert (ordered > 0).all()


def test_a_band_that_no_ray_meets():
    geometry = GridGeometryConfig(resolutions=(24,), starts=(0.0,), engine="reference").setup(REGION)
    built = UnisurfBandSamplerConfig().setup(REGION)
    placed = built.place(torch.tensor([[0.0, 5.0, 0.0]]), torch.tensor([[1.0, 0.0, 0.0]]), geometry)
    assert len(placed.intervals.starts) == 0 and not placed.met.any()
