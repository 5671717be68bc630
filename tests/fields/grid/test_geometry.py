import pytest
import torch

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.fields.grid.bricks import SHARED
from idr_neus_plugins.fields.grid.geometry import GridGeometry, GridGeometryConfig
from idr_neus_plugins.fields.grid.lattice import Lattice
from idr_neus_plugins.fields.grid.optimizer import NodeAdam
from idr_neus_plugins.fields.grid.radiance import GridRadianceConfig
from idr_neus_plugins.fields.grid.redistance import redistance, signed_distance

REGION = torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]])
COARSE = GridGeometryConfig(resolutions=(16, 24), starts=(0.0, 0.5), engine="reference")


def on_sphere(radius: float, count: int = 200) -> torch.Tensor:
    return radius * torch.nn.functional.normalize(torch.randn(count, 3), dim=1)


@pytest.fixture
def geometry() -> GridGeometry:
    torch.manual_seed(0)
    return GridGeometry(COARSE, REGION)


def test_it_starts_as_a_sphere_with_unit_gradients(geometry):
    assert geometry.sdf(on_sphere(0.5)).abs().max() < 0.02
    torch.testing.assert_close(geometry(on_sphere(0.5)).gradients.norm(dim=1), torch.ones(200), atol=0.02, rtol=0)
    assert geometry.sdf(torch.zeros(1, 3)) < -0.4


def test_outside_its_box_the_distance_goes_on_growing(geometry):
    far = torch.tensor([[0.0, 0.0, 0.9], [0.0, 0.0, 1.5], [0.0, 0.0, 2.5]])
    torch.testing.assert_close(geometry.sdf(far), torch.tensor([0.4, 1.0, 2.0]), atol=0.1, rtol=0)


def test_refinement_keeps_the_surface(geometry):
    points = 1.4 * torch.rand(300, 3) - 0.7
    near = points[geometry.sdf(points).abs() < 0.1]
    before = geometry.sdf(near)
    geometry.set_progress(0.6)
    assert geometry.lattice.resolution == pytest.approx(24, rel=0.05)
    torch.testing.assert_close(geometry.sdf(near), before, atol=0.02, rtol=0)


def test_gradients_have_the_new_shape_while_an_old_graph_is_alive(geometry):
    earlier = geometry.sdf(on_sphere(0.5)).sum()
    earlier.backward(retain_graph=True)
    geometry.set_progress(0.6)
    geometry.sdf(on_sphere(0.5)).sum().backward()
    assert geometry.control.values.grad.shape == geometry.lattice.shape
    assert earlier.grad_fn is not None  # still alive


def test_evaluation_never_refines(geometry):
    geometry.eval().set_progress(1.0)
    assert geometry.lattice.resolution == pytest.approx(16, rel=0.05)


def test_marching_follows_a_change_of_progress_when_nothing_is_trained(geometry):
    rays = (torch.tensor([[0.0, 0.0, -0.9]]), torch.tensor([[0.0, 0.0, 1.0]]), torch.full((1,), 0.5))
    counts = {}
    for progress in (0.0, 1.0, 0.0):
        geometry.eval().set_progress(progress)
        counts.setdefault(progress, []).append(int(geometry.march(*rays, 1.0)[1]))
    assert counts[0.0][0] == counts[0.0][1] > counts[1.0][0]


def test_sharpness_follows_the_schedule_up_to_what_the_voxels_bear(geometry):
    assert geometry.inv_s == 10.0
    geometry.eval().set_progress(1.0)
    assert geometry.inv_s == pytest.approx(2.0 / geometry.lattice.voxel)


def test_a_fresh_grid_takes_a_finer_one_from_a_checkpoint(geometry):
    radiance = GridRadianceConfig().setup(geometry, REGION)
    geometry.set_progress(0.6)
    radiance.set_progress(0.6)
    other = GridGeometry(COARSE, REGION)
    other_radiance = GridRadianceConfig().setup(other, REGION)
    other.load_state_dict(geometry.state_dict())
    other_radiance.load_state_dict(radiance.state_dict())
    points = on_sphere(0.5)
    assert other.lattice == geometry.lattice and other_radiance.features.lattice == radiance.features.lattice
    torch.testing.assert_close(other.sdf(points), geometry.sdf(points))


def test_features_are_finer_than_the_geometry(geometry):
    radiance = GridRadianceConfig(finer=1.5).setup(geometry, REGION)
    for progress in (0.0, 0.6):
        geometry.set_progress(progress)
        radiance.set_progress(progress)
        assert radiance.features.lattice.resolution == pytest.approx(1.5 * geometry.lattice.resolution, rel=0.1)


def test_features_are_refined_up_to_their_own_limit(geometry):
    radiance = GridRadianceConfig(max_resolution=18).setup(geometry, REGION)
    with torch.no_grad():
        radiance.features.values.copy_(torch.randn_like(radiance.features.values))
    node = torch.zeros(1, 3)
    before = radiance(node, node, torch.tensor([[0.0, 0.0, 1.0]]), None)
    geometry.set_progress(0.6)
    radiance.set_progress(0.6)
    assert radiance.features.lattice.resolution == pytest.approx(18, rel=0.06)
    torch.testing.assert_close(radiance(node, node, torch.tensor([[0.0, 0.0, 1.0]]), None), before, atol=0.1, rtol=0)


def test_redistancing_drops_loose_pieces_and_hollows_and_keeps_the_surface():
    axis = torch.arange(40.0) - 19.5
    radius = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij")).norm(dim=0)
    values = torch.where(radius < 14, radius - 12.0, torch.full_like(radius, 2.0))  # far values are not distances
    values[2:4, 2:4, 2:4] = -1.0  # a loose piece
    values[19:21, 19:21, 19:21] = 1.0  # a hollow
    clean = redistance(values)
    near = (radius - 12.0).abs() < 2.0
    torch.testing.assert_close(clean[near], values[near])
    assert bool(((clean < 0) == (radius < 12.0)).all())
    torch.testing.assert_close(clean, radius - 12.0, atol=0.9, rtol=0)


@pytest.mark.parametrize(("width", "kept"), [(1, False), (2, False), (3, True)])
def test_redistancing_fills_chambers_whose_ways_out_are_narrow(width: int, kept: bool):
    axis = torch.arange(40.0) - 19.5
    radius = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij")).norm(dim=0)
    values = torch.maximum(radius - 16.0, 6.0 - radius)  # a ball around a chamber, ...
    values[20:, 20 : 20 + width, 20 : 20 + width] = 1.0  # ... and a tunnel into it
    assert (redistance(values)[19, 19, 19] > 0) == kept


def test_redistancing_keeps_crevices_and_bowls():
    axis = torch.arange(40.0) - 19.5
    x, y, z = torch.meshgrid(axis, axis, axis, indexing="ij")
    values = torch.stack([x, y, z]).norm(dim=0) - 16.0
    values[20, :, 15:] = 0.5  # a crack of one voxel
    bowl = torch.stack([x, y, z - 18.0]).norm(dim=0)
    values = torch.maximum(values, 9.0 - bowl)
    assert bool(((redistance(values) < 0) == (values < 0)).all())


def test_redistancing_keeps_two_objects():
    axis = torch.arange(40.0) - 19.5
    places = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1)
    centres = torch.tensor([[-9.0, 0.0, 0.0], [10.0, 0.0, 0.0]])
    balls = (places[..., None, :] - centres).norm(dim=-1) - torch.tensor([7.0, 5.0])
    assert bool(((redistance(balls.amin(-1)) < 0) == (balls.amin(-1) < 0)).all())


def test_a_vanished_surface_is_reported():
    with pytest.raises(UserError, match="vanished"):
        redistance(torch.ones(6, 6, 6))


def test_signed_distance_of_a_half_space():
    inside = torch.arange(8).numpy()[:, None, None] < 3
    distance = signed_distance(inside.repeat(4, 1).repeat(4, 2))
    assert distance[:, 0, 0].tolist() == [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 4.5]


def test_lattice_covers_its_box_with_cubes():
    lattice = Lattice.over(torch.tensor([[0.0, -1.0, 2.0], [1.0, 1.0, 2.5]]), 20)
    positions = lattice.positions()
    assert len(positions) == torch.tensor(lattice.shape).prod()
    torch.testing.assert_close(positions[0], torch.tensor([0.0, -1.0, 2.0]))
    assert bool((positions.amax(dim=0) >= torch.tensor([1.0, 1.0, 2.5]) - 1e-6).all())
    torch.testing.assert_close(lattice.coords(positions)[-1], torch.tensor(lattice.shape) - 1.0)


IN_BRICKS = GridGeometryConfig(resolutions=(16, 48, 96), starts=(0.0, 0.5, 0.8), dense_up_to=16, engine="reference")


def in_bricks(progress: float) -> GridGeometry:
    geometry = GridGeometry(IN_BRICKS, REGION)
    for now in (0.0, 0.5, progress):
        geometry.set_progress(now)
    return geometry


@pytest.mark.parametrize("progress", [0.6, 0.9])
def test_fine_grids_are_stored_in_bricks_around_the_same_surface(geometry, progress):
    fine = in_bricks(progress)
    lattice, bricks = fine.lattice, fine.control.bricks
    assert bricks is not None and lattice.resolution > 0.9 * (48 if progress < 0.8 else 96)
    assert bricks.rows < (0.9 if progress < 0.8 else 0.6) * torch.tensor(lattice.shape).prod()
    near = 0.5 * on_sphere(1.0) + 0.02 * torch.randn(200, 3)
    torch.testing.assert_close(fine.sdf(near), geometry.sdf(near), atol=0.02, rtol=0)
    torch.testing.assert_close(fine(near).gradients.norm(dim=1), torch.ones(200), atol=0.1, rtol=0)
    assert fine.sdf(torch.zeros(1, 3)) < 0 < fine.sdf(torch.full((1, 3), 0.9))


def test_a_surface_in_bricks_learns_and_its_features_are_there(geometry):
    torch.manual_seed(0)
    fine = in_bricks(0.9)
    radiance = GridRadianceConfig(finer=1.5).setup(fine, REGION)
    radiance.set_progress(0.9)
    assert radiance.features.bricks is not None and radiance.features.lattice.resolution > 130
    optimizer = NodeAdam([fine.control.values], lr=0.3)
    shared, error = fine.control.values[0].item(), fine.sdf(on_sphere(0.52)).abs().mean()
    for _ in range(60):
        origins = 2.0 * on_sphere(1.0, 400)
        distances, counts = fine.march(origins, -0.5 * origins, torch.rand(400), 1.0)
        rays = torch.arange(400).repeat_interleave(counts)
        points = origins[rays] - 0.5 * distances[:, None] * origins[rays]
        out = fine(points)
        wanted = points.norm(dim=1) - 0.52  # the start's radius is 0.5
        (out.sdf - wanted).square().mean().backward()
        optimizer.step()
    assert fine.sdf(on_sphere(0.52)).abs().mean() < 0.3 * error
    assert fine.control.values[0].item() == shared  # what is shared does not learn
    rows = radiance.features.bricks.row(*radiance.features.lattice.coords(on_sphere(0.52)).long().T)
    assert bool((rows >= SHARED).all())


def test_a_checkpoint_in_bricks_is_read_by_a_fresh_grid():
    fine = in_bricks(0.9)
    radiance = GridRadianceConfig(finer=1.5).setup(fine, REGION)
    radiance.set_progress(0.9)
    other = GridGeometry(IN_BRICKS, REGION)
    other_radiance = GridRadianceConfig(finer=1.5).setup(other, REGION)
    other.load_state_dict(fine.state_dict())
    other.load_state_dict({}, strict=False)  # as nerfstudio's pipelines do
    other_radiance.load_state_dict(radiance.state_dict())
    points = torch.rand(200, 3) - 0.5
    assert other.lattice == fine.lattice and other_radiance.features.lattice == radiance.features.lattice
    torch.testing.assert_close(other.sdf(points), fine.sdf(points))


def test_checkpoints_from_before_there_were_bricks_are_read(geometry):
    state = {name: value for name, value in geometry.state_dict().items() if name != "control.first"}
    other = GridGeometry(COARSE, REGION)
    other.load_state_dict(state)
    torch.testing.assert_close(other.control.values, geometry.control.values)
