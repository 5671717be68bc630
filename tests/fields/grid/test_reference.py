import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.autograd import gradcheck

from idr_neus_plugins.fields.grid import reference
from idr_neus_plugins.fields.grid.states import BAND, INSIDE, OUTSIDE


def inner_coords(shape: tuple[int, ...], count: int = 60) -> torch.Tensor:
    return 0.6 + torch.rand(count, 3, dtype=torch.float64) * (torch.tensor(shape) - 2.2)


def test_the_gradient_is_the_derivative_of_the_value():
    torch.manual_seed(0)
    control = torch.randn(6, 7, 8, dtype=torch.float64)
    coords = inner_coords(control.shape).requires_grad_()
    value, gradient = reference.spline(control, coords)
    (by_autograd,) = torch.autograd.grad(value.sum(), coords)
    torch.testing.assert_close(gradient, by_autograd)


def test_a_loss_on_the_gradient_reaches_the_control_values():
    control = torch.randn(5, 5, 5, dtype=torch.float64, requires_grad=True)
    coords = inner_coords(control.shape, 4)
    assert gradcheck(lambda c: reference.spline(c, coords), (control,))


@settings(max_examples=25, deadline=None)
@given(slope=st.tuples(*[st.floats(-3, 3)] * 3), height=st.floats(-5, 5))
def test_linear_functions_are_exact(slope, height):
    slope = torch.tensor(slope, dtype=torch.float64)
    nodes = torch.stack(torch.meshgrid(*[torch.arange(6.0, dtype=torch.float64)] * 3, indexing="ij"), -1)
    coords = inner_coords((6, 6, 6))
    value, gradient = reference.spline(nodes @ slope + height, coords)
    torch.testing.assert_close(value, coords @ slope + height)
    torch.testing.assert_close(gradient, slope.expand(len(coords), 3))


def test_the_gradient_does_not_jump_between_voxels():
    control = torch.randn(6, 6, 6, dtype=torch.float64)
    border = inner_coords(control.shape)
    border[:, 0] = border[:, 0].floor() + 0.5  # where the spline changes its piece
    shift = torch.tensor([1e-9, 0.0, 0.0], dtype=torch.float64)
    before, after = reference.spline(control, border - shift)[1], reference.spline(control, border + shift)[1]
    torch.testing.assert_close(before, after, atol=1e-6, rtol=0)


def test_features_are_exact_at_nodes_and_stay_at_the_border_beyond():
    features = torch.randn(3, 4, 5, 2)
    out = reference.interpolate(features, torch.tensor([[1.0, 2.0, 3.0], [-4.0, 1.0, 9.0]]))
    torch.testing.assert_close(out, torch.stack([features[1, 2, 3], features[0, 1, 4]]))


def test_smoothness_is_zero_for_planes_and_not_for_bumps():
    x, y, z = torch.meshgrid(*[torch.arange(5.0)] * 3, indexing="ij")
    nodes = torch.tensor([2 * 25 + 2 * 5 + 2], dtype=torch.int32)
    assert float(reference.smoothness(2.0 * x - y + 3.0 * z, nodes)) == 0.0
    assert float(reference.smoothness((x == 2) * (y == 2) * (z == 2) * 1.0, nodes)) == pytest.approx(18.0)


def test_states_of_a_sphere():
    axis = torch.arange(20.0) - 9.5
    distance = (axis[:, None, None] ** 2 + axis[None, :, None] ** 2 + axis[None, None] ** 2).sqrt() - 5.0
    states, active = reference.classify(distance, half_width=1.5)
    assert bool((states[distance < -1.5] == INSIDE).all()) and bool((states[distance.abs() <= 1.5] == BAND).all())
    assert bool((states[distance > 1.5 + 3**0.5] == OUTSIDE).all())
    assert bool((states[(distance > 1.5) & (distance < 2.4)] == BAND).all())  # widened by one node
    assert set((distance.abs() <= 1.5).reshape(-1).nonzero()[:, 0].tolist()) <= set(active.tolist())


def test_a_ray_samples_the_band_it_meets_first():
    states = torch.zeros(11, 3, 3, dtype=torch.uint8)
    states[3:5], states[5:7], states[7:9] = BAND, INSIDE, BAND
    origins, directions = torch.tensor([[-2.0, 1.0, 1.0]]), torch.tensor([[1.0, 0.0, 0.0]])
    distances, counts = reference.march(origins, directions, torch.full((1,), 0.5), (0.0, 0.0, 0.0), 1.0, states, 0.25)
    assert counts.tolist() == [8] and distances.min() >= 4.5 and distances.max() < 6.5


def test_a_ray_that_misses_the_box_has_no_sections():
    states = torch.full((4, 4, 4), BAND, dtype=torch.uint8)
    origins, directions = torch.tensor([[-2.0, 9.0, 1.0]]), torch.tensor([[1.0, 0.0, 0.0]])
    distances, counts = reference.march(origins, directions, torch.zeros(1), (0.0, 0.0, 0.0), 1.0, states, 0.25)
    assert counts.tolist() == [0] and len(distances) == 0
