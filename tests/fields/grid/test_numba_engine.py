"""The fused kernels against the plain reference: values, gradients, lists."""

import math

import numba
import pytest
import torch

from idr_neus_plugins.fields.grid import numba_engine, reference
from idr_neus_plugins.fields.grid.bricks import SHARED
from idr_neus_plugins.fields.grid.nodes import MarkedNodes
from tests.fields.grid import ball

SHAPE = (12, 13, 14)


@pytest.fixture(params=[1, 2])
def threads(request):
    """Slabs of one and of several threads."""
    before = numba.get_num_threads()
    numba.set_num_threads(min(request.param, numba.config.NUMBA_NUM_THREADS))
    yield
    numba.set_num_threads(before)


def coords(count: int = 500) -> torch.Tensor:
    """Points inside the grid and outside of it."""
    return torch.rand(count, 3, generator=torch.Generator().manual_seed(1)) * 18.0 - 2.0


def same(first, second):
    for one, other in zip(first, second, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


def test_spline(threads):
    torch.manual_seed(0)
    values, on_value, on_gradient = torch.randn(SHAPE), torch.randn(500), torch.randn(500, 3)

    def run(engine):
        control = torch.nn.Parameter(values.clone())
        value, gradient = engine.spline(control, coords())
        ((value * on_value).sum() + (gradient * on_gradient).sum()).backward()
        return value.detach(), gradient.detach(), control.grad

    same(run(numba_engine), run(reference))


def test_gradients_reach_the_coordinates(threads):
    """Slope and curvature of the spline, slope of the features; zero where a coordinate is clamped."""
    torch.manual_seed(0)
    control, features = torch.randn(SHAPE), torch.randn(*SHAPE, 4)
    on_value, on_gradient, on_out = torch.randn(500), torch.randn(500, 3), torch.randn(500, 4)

    def run(engine):
        points = coords().requires_grad_()
        value, gradient = engine.spline(control, points)
        (by_spline,) = torch.autograd.grad((value * on_value).sum() + (gradient * on_gradient).sum(), points)
        (by_features,) = torch.autograd.grad((engine.interpolate(features, points) * on_out).sum(), points)
        return by_spline, by_features

    same(run(numba_engine), run(reference))


def test_gradients_add_up():
    control = torch.nn.Parameter(torch.randn(SHAPE))
    for _ in range(2):
        numba_engine.spline(control, coords())[0].sum().backward()
    once = torch.nn.Parameter(control.detach().clone())
    reference.spline(once, coords())[0].sum().backward()
    torch.testing.assert_close(control.grad, 2.0 * once.grad, atol=1e-4, rtol=1e-5)


def test_interpolate_and_marks(threads):
    torch.manual_seed(0)
    values, on_out = torch.randn(*SHAPE, 8), torch.randn(500, 8)

    def run(engine):
        features = torch.nn.Parameter(values.clone())
        marked = MarkedNodes(features.shape[:3].numel(), features.device, engine)
        out = engine.interpolate(features, coords(), marked)
        (out * on_out).sum().backward()
        nodes = torch.cat(marked.take()).sort().values
        assert not marked.marks.any()
        return out.detach(), features.grad, nodes

    same(run(numba_engine), run(reference))


@pytest.mark.parametrize("bend", [math.inf, 0.1])
def test_smoothness(threads, bend):
    torch.manual_seed(0)
    values = torch.randn(SHAPE)
    _, nodes = reference.classify(values, 0.5)
    weights = None if bend == math.inf else torch.rand(len(nodes))

    def run(engine):
        control = torch.nn.Parameter(values.clone())
        loss = engine.smoothness(control, nodes, bend=bend, weights=weights)
        (3.0 * loss).backward()
        return loss.detach(), control.grad.reshape(-1)[nodes.long()]

    same(run(numba_engine), run(reference))


def test_smoothed_adam(threads):
    torch.manual_seed(0)
    values, grad, mean, square = torch.randn(4, *SHAPE)
    _, nodes = reference.classify(values, 0.5)
    grad[values > 1.0] = 0.0

    def run(engine):
        arrays = [part.clone() for part in (values, grad, mean, square.abs())]
        engine.smoothed_adam(*arrays, nodes, 0.1, (0.9, 0.99), 1.0)
        engine.smoothed_adam(*arrays, nodes, 0.1, (0.9, 0.99), 1.0)
        return tuple(arrays)

    same(run(numba_engine), run(reference))


def test_classify(threads):
    axes = [torch.linspace(-1.0, 1.0, n) for n in SHAPE]
    distance = 8.0 * (torch.stack(torch.meshgrid(*axes, indexing="ij")).norm(dim=0) - 0.6)
    same(numba_engine.classify(distance, 1.2), reference.classify(distance, 1.2))


def test_march(threads):
    torch.manual_seed(0)
    axes = [torch.linspace(-1.0, 1.0, n) for n in (30, 31, 32)]
    states, _ = reference.classify(15.0 * (torch.stack(torch.meshgrid(*axes, indexing="ij")).norm(dim=0) - 0.6), 1.5)
    origins = 2.0 * torch.nn.functional.normalize(torch.randn(100, 3), dim=1)
    directions = torch.nn.functional.normalize(-origins + 0.8 * torch.randn(100, 3), dim=1)
    rays = (origins, directions, torch.rand(100), (-1.0, -1.0, -1.0), 2.0 / 29.0, states, 0.04)
    same(numba_engine.march(*rays), reference.march(*rays))


def test_adam(threads):
    torch.manual_seed(0)
    nodes = torch.randperm(50)[:20].int()
    tensors = [torch.randn(50, 3), torch.randn(50, 3), torch.randn(50, 3), torch.rand(50, 3)]
    tensors[1][torch.rand(50, 3) < 0.5] = 0.0  # not touched

    def run(engine):
        copies = [tensor.clone() for tensor in tensors]
        engine.adam(*copies, nodes, 0.1, (0.9, 0.99))
        return copies

    same(run(numba_engine), run(reference))


def in_bricks(count: int = 500) -> tuple:
    """Values, bricks and points near the ball's surface and away from it."""
    torch.manual_seed(0)
    values, bricks = ball.in_bricks()
    return values, bricks, torch.rand(count, 3) * (torch.tensor(ball.LATTICE.shape) + 2.0) - 1.0


def test_spline_in_bricks(threads):
    values, bricks, points = in_bricks()
    on_value, on_gradient = torch.randn(500), torch.randn(500, 3)

    def run(engine):
        control, at = torch.nn.Parameter(values.clone()), points.clone().requires_grad_()
        value, gradient = engine.spline(control, at, bricks)
        ((value * on_value).sum() + (gradient * on_gradient).sum()).backward()
        return value.detach(), gradient.detach(), control.grad[SHARED:], at.grad

    same(run(numba_engine), run(reference))


def test_interpolate_in_bricks(threads):
    _, bricks, points = in_bricks()
    values, on_out = torch.randn(bricks.rows, 8), torch.randn(500, 8)

    def run(engine):
        features, at = torch.nn.Parameter(values.clone()), points.clone().requires_grad_()
        marked = MarkedNodes(bricks.rows, features.device, engine)
        out = engine.interpolate(features, at, marked, bricks)
        (out * on_out).sum().backward()
        return out.detach(), features.grad[SHARED:], at.grad, torch.cat(marked.take()).sort().values

    same(run(numba_engine), run(reference))


def test_nodes_in_bricks(threads):
    """Among them some at the border of what is stored, beyond which a surface must not leak."""
    values, bricks, _ = in_bricks()
    values[SHARED:] += 4.0 * torch.randn(bricks.rows - SHARED)
    states, nodes = reference.classify(values, 1.2, bricks)
    assert not states[: SHARED // 2].any() and nodes.min() >= SHARED

    def run(engine):
        control = torch.nn.Parameter(values.clone())
        loss = engine.smoothness(control, nodes, bricks)
        (3.0 * loss).backward()
        return loss.detach(), control.grad[nodes.long()]

    same(run(numba_engine), run(reference))
    same(numba_engine.classify(values, 1.2, bricks), (states, nodes))


def test_march_over_bricks(threads):
    values, bricks, _ = in_bricks()
    states, _ = reference.classify(values, 1.5, bricks)
    origins = 2.0 * torch.nn.functional.normalize(torch.randn(100, 3), dim=1)
    origins[:5] *= 0.3  # some start inside
    directions = torch.nn.functional.normalize(-origins + 0.8 * torch.randn(100, 3), dim=1)
    directions[5:8] = torch.eye(3)
    rays = (origins, directions, torch.rand(100), ball.LATTICE.lower, ball.LATTICE.voxel, states, 0.04, bricks)
    same(numba_engine.march(*rays), reference.march(*rays))
