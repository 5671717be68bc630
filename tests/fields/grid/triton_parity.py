"""The Triton kernels against the plain reference: values, gradients, lists. ``test_triton_engine.py`` runs this."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import normalize

from idr_neus_plugins.fields.grid import radiance, reference, triton_engine, voxels
from idr_neus_plugins.fields.grid.bricks import SHARED, Bricks
from idr_neus_plugins.fields.grid.geometry import GridGeometryConfig
from idr_neus_plugins.fields.grid.nodes import MarkedNodes
from idr_neus_plugins.fields.grid.optimizer import NodeAdam
from idr_neus_plugins.fields.grid.radiance import GridRadianceConfig
from idr_neus_plugins.fields.grid.states import BAND
from idr_neus_plugins.fields.grid.warm_up import warm_up
from tests.fields.grid import ball as ball_in_bricks

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
SHAPE = (12, 13, 14)
SHAPES = st.tuples(*[st.integers(3, 20)] * 3)
COUNTS = st.integers(0, 150)
SEEDS = st.integers(0, 2**31)

if DEVICE == "cpu":  # the interpreter takes its time for each program, not for each item
    triton_engine.SPLINE_POINTS = triton_engine.CELL_POINTS = 128
    triton_engine.NODES = 2048

few_examples = settings(max_examples=6, deadline=None, derandomize=True)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(shape, device=DEVICE)


def coords(shape: tuple[int, ...] = SHAPE, count: int = 200) -> torch.Tensor:
    """Points inside the grid and outside of it, on its nodes, half-way between them, and on its border."""
    points = torch.rand(count, 3, device=DEVICE) * (torch.tensor(shape, device=DEVICE) + 4.0) - 2.0
    points[::3] = (2.0 * points[::3]).round() / 2.0
    return points


def off_border(points: torch.Tensor, shape: tuple[int, ...], margin: float) -> torch.Tensor:
    """Which coordinates are not just where clamping begins: what the derivative is there is a matter of taste."""
    return (points != margin) & (points != torch.tensor(shape, device=DEVICE) - 1.0 - margin)


def ball(shape: tuple[int, ...], voxels_across: float) -> torch.Tensor:
    axes = [torch.linspace(-1.0, 1.0, n, device=DEVICE) for n in shape]
    return voxels_across * (torch.stack(torch.meshgrid(*axes, indexing="ij")).norm(dim=0) - 0.6)


def same(run, **tolerances):
    """What ``run`` returns with either engine."""
    tolerances = {"atol": 1e-5, "rtol": 1e-5, **tolerances}
    for one, other in zip(run(triton_engine), run(reference), strict=True):
        torch.testing.assert_close(one, other, **tolerances)


def check_spline(shape: tuple[int, ...], count: int) -> None:
    """Gradients reach control values and coordinates; none where a coordinate is clamped."""
    values, points, on_value, on_gradient = normal(*shape), coords(shape, count), normal(count), normal(count, 3)
    decided = off_border(points, shape, reference.SPLINE_MARGIN)

    def run(engine):
        control, at = torch.nn.Parameter(values.clone()), points.clone().requires_grad_()
        value, gradient = engine.spline(control, at)
        ((value * on_value).sum() + (gradient * on_gradient).sum()).backward()
        return value.detach(), gradient.detach(), control.grad, at.grad * decided

    same(run)


def check_interpolation(shape: tuple[int, ...], channels: int, count: int) -> None:
    values, points, on_out = normal(*shape, channels), coords(shape, count), normal(count, channels)
    decided = off_border(points, shape, 0.0)

    def run(engine):
        features, at = torch.nn.Parameter(values.clone()), points.clone().requires_grad_()
        marked = MarkedNodes(features.shape[:3].numel(), features.device, engine)
        out = engine.interpolate(features, at, marked)
        (out * on_out).sum().backward()
        nodes = torch.cat(marked.take()).sort().values
        assert not marked.marks.any()
        return out.detach(), features.grad, nodes, at.grad * decided

    same(run)


def check_march(shape: tuple[int, ...], count: int, step: float) -> None:
    """Some of the rays miss the box, some start in it."""
    states, _ = reference.classify(ball(shape, 0.5 * min(shape)), 1.5)
    origins = 3.0 * torch.rand(count, 1, device=DEVICE) * normalize(normal(count, 3), dim=1)
    directions = normalize(-origins + 1.5 * normal(count, 3), dim=1)
    jitter = torch.rand(count, device=DEVICE)
    same(lambda engine: engine.march(origins, directions, jitter, (-1.0, -1.0, -1.0), 2.0 / 19.0, states, step))


@few_examples
@given(shape=SHAPES, count=COUNTS, seed=SEEDS)
def test_spline(shape, count, seed):
    torch.manual_seed(seed)
    check_spline(shape, count)


@few_examples
@given(shape=st.tuples(*[st.integers(2, 20)] * 3), channels=st.integers(1, 9), count=COUNTS, seed=SEEDS)
def test_interpolate_and_marks(shape, channels, count, seed):
    torch.manual_seed(seed)
    check_interpolation(shape, channels, count)


@few_examples
@given(shape=SHAPES, count=st.integers(0, 30), step=st.floats(0.004, 0.4), seed=SEEDS)
def test_march(shape, count, step, seed):
    torch.manual_seed(seed)
    check_march(shape, count, step)


@few_examples
@given(shape=SHAPES, half_width=st.floats(0.1, 4.0))
def test_classify(shape, half_width):
    same(lambda engine: engine.classify(ball(shape, 0.7 * min(shape)), half_width), atol=0, rtol=0)


@few_examples
@given(shape=st.tuples(*[st.integers(5, 20)] * 3), half_width=st.floats(0.0, 1.0), seed=SEEDS)
def test_smoothness(shape, half_width, seed):
    """Its gradient reaches what is around the listed nodes too."""
    torch.manual_seed(seed)
    values = normal(*shape)
    _, nodes = reference.classify(values, half_width)

    def run(engine):
        control = torch.nn.Parameter(values.clone())
        loss = engine.smoothness(control, nodes, bend=0.3, weights=torch.linspace(0.5, 2.0, len(nodes)).to(control))
        (3.0 * loss).backward()
        return loss.detach(), control.grad

    if len(nodes):
        same(run)


@few_examples
@given(rows=st.integers(1, 80), channels=st.integers(1, 9), share=st.floats(0.0, 1.0), seed=SEEDS)
def test_adam(rows, channels, share, seed):
    torch.manual_seed(seed)
    nodes = torch.randperm(rows, device=DEVICE)[: int(share * rows)].int()
    tensors = [normal(rows, channels) for _ in range(3)] + [normal(rows, channels).abs()]
    tensors[1] *= torch.rand_like(tensors[1]) < 0.5  # the others are not touched

    def run(engine):
        copies = [tensor.clone() for tensor in tensors]
        engine.adam(*copies, nodes, 0.1, (0.9, 0.99))
        return copies

    same(run)


def in_bricks():
    """Values [rows], bricks and points of the ball, near its surface and away from it."""
    values, bricks = ball_in_bricks.in_bricks()
    bricks = Bricks.of(bricks.first.to(DEVICE))
    points = torch.rand(120, 3, device=DEVICE) * torch.tensor([58.0, 50.0, 66.0], device=DEVICE) - 1.0
    return values.to(DEVICE), bricks, points


def test_points_in_bricks():
    """What is shared learns nothing that anybody reads."""
    torch.manual_seed(0)
    values, bricks, points = in_bricks()
    on_value, on_gradient, on_out = normal(120), normal(120, 3), normal(120, 5)
    table = normal(bricks.rows, 5)

    def run(engine):
        control, features = torch.nn.Parameter(values.clone()), torch.nn.Parameter(table.clone())
        at, marked = points.clone().requires_grad_(), MarkedNodes(bricks.rows, table.device, engine)
        value, gradient = engine.spline(control, at, bricks)
        out = engine.interpolate(features, at, marked, bricks)
        ((value * on_value).sum() + (gradient * on_gradient).sum() + (out * on_out).sum()).backward()
        grads = (control.grad[SHARED:], features.grad[SHARED:], at.grad)
        return value.detach(), gradient.detach(), out.detach(), *grads, torch.cat(marked.take()).sort().values

    same(run, atol=1e-4)


def test_nodes_and_rays_in_bricks():
    """Some of the band is at the border of what is stored, beyond which it must not leak."""
    torch.manual_seed(0)
    values, bricks, _ = in_bricks()
    chosen = torch.rand(bricks.rows - SHARED, device=DEVICE) < 0.01
    values[SHARED:] = torch.where(chosen, 0.3 * normal(len(chosen)), 8.0)  # the interpreter takes its time
    origins = 2.5 * normalize(normal(20, 3), dim=1)
    rays = (origins, normalize(0.5 * normal(20, 3) - origins, dim=1), torch.rand(20, device=DEVICE))
    grid = (ball_in_bricks.LATTICE.lower, ball_in_bricks.LATTICE.voxel)

    def run(engine):
        states, nodes = engine.classify(values, 0.5, bricks)
        control = torch.nn.Parameter(values.clone())
        loss = engine.smoothness(control, nodes, bricks)
        (3.0 * loss).backward()
        return (
            states,
            nodes,
            loss.detach(),
            control.grad[nodes.long()],
            *engine.march(*rays, *grid, states, 0.05, bricks),
        )

    same(run)


def test_nothing_is_asked():
    control, none = torch.nn.Parameter(normal(*SHAPE)), torch.zeros(0, dtype=torch.int32, device=DEVICE)
    check_spline(SHAPE, 0)
    check_interpolation(SHAPE, 8, 0)
    check_march(SHAPE, 0, 0.04)
    loss = triton_engine.smoothness(control, none)
    loss.backward()
    assert float(loss.detach()) == 0.0 and control.grad is not None and not control.grad.any()
    states, active = triton_engine.classify(torch.ones(SHAPE, device=DEVICE), 0.5)
    assert not states.any() and len(active) == 0


def test_rays_that_miss_have_no_sections():
    states = torch.full((4, 4, 4), BAND, dtype=torch.uint8, device=DEVICE)
    origins = torch.tensor([[-2.0, 9.0, 1.0], [-2.0, 1.0, 1.0], [9.0, 1.0, 1.0]], device=DEVICE)
    directions = torch.tensor([[1.0, 0.0, 0.0]], device=DEVICE).repeat(3, 1)
    rays = (origins, directions, torch.full((3,), 0.5, device=DEVICE))
    distances, counts = triton_engine.march(*rays, (0.0, 0.0, 0.0), 1.0, states, 0.25)
    assert counts.tolist() == [0, 12, 0]
    torch.testing.assert_close(distances, 2.125 + 0.25 * torch.arange(12.0, device=DEVICE))


def test_gradients_add_up():
    control, points = torch.nn.Parameter(normal(*SHAPE)), coords()
    for _ in range(2):
        triton_engine.spline(control, points)[0].sum().backward()
    once = torch.nn.Parameter(control.detach().clone())
    reference.spline(once, points)[0].sum().backward()
    torch.testing.assert_close(control.grad, 2.0 * once.grad, atol=1e-4, rtol=1e-5)


def test_expanded_and_transposed_gradients_are_read_rightly():
    """A sum sends back one number that stands for all, a transposition columns for rows."""
    values, points = normal(*SHAPE, 4), coords()

    def run(engine):
        features, control = torch.nn.Parameter(values.clone()), torch.nn.Parameter(values[..., 0].clone())
        weights = torch.arange(200.0, device=DEVICE)
        (engine.interpolate(features, points).t() * weights).sum().backward()
        engine.spline(control, points)[1].sum().backward()
        return features.grad / 200.0, control.grad

    same(run)


def test_values_may_lie_in_any_order_in_memory():
    control, features, points = normal(*SHAPE[::-1]).permute(2, 1, 0), normal(4, *SHAPE).permute(1, 2, 3, 0), coords()

    def run(engine):
        states, nodes = engine.classify(control, 0.5)
        smoothness = engine.smoothness(control, nodes)
        return *engine.spline(control, points), engine.interpolate(features, points), states, nodes, smoothness

    same(run)


def test_every_operation_is_warmed_up():
    warm_up(triton_engine, DEVICE)


REGION = torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]], device=DEVICE)


@pytest.fixture
def by_name(monkeypatch):
    """The kernels may be asked for where they are interpreted, too."""
    for module in (voxels, radiance):
        monkeypatch.setattr(module, "engine", lambda name, _: {"triton": triton_engine, "reference": reference}[name])


class Training:
    """A grid that learns to be larger, and a colour on it."""

    def __init__(self, engine: str) -> None:
        torch.manual_seed(0)
        config = GridGeometryConfig(resolutions=(10,), starts=(0.0,), smoothness_every=1, engine=engine)
        self.geometry = config.setup(REGION).to(DEVICE)
        self.colors = GridRadianceConfig(channels=3).setup(self.geometry, REGION).to(DEVICE)
        self.grids = [self.geometry.control.values, self.colors.features.values]
        self.optimizers = [NodeAdam([values], lr=0.05) for values in self.grids]
        self.parts = [self.geometry, self.colors, *self.optimizers]

    def steps(self, count: int) -> "Training":
        generator = torch.Generator().manual_seed(1)
        for _ in range(count):
            points = (torch.rand(100, 3, generator=generator) - 0.5).to(DEVICE)
            rays = (points[:5] - 2.0, normalize(2.0 - points[:5], dim=1), points[:5, 0] + 0.5)
            self.geometry.set_progress(0.0)
            self.geometry.march(*rays, 1.0)
            found = self.geometry(points)
            loss = (found.sdf - points.norm(dim=1) + 0.6).square().sum() + (self.colors._own(points) - 1).square().sum()
            (loss + sum(self.geometry.regularisers().values())).backward()
            for optimizer in self.optimizers:
                optimizer.step()
        return self

    def continued_by(self, engine: str) -> "Training":
        """Another training, begun from this one's checkpoint."""
        other = Training(engine)
        for own, its in zip(self.parts, other.parts, strict=True):
            its.load_state_dict(own.state_dict())
        return other


@pytest.mark.parametrize("first, second", [("triton", "reference"), ("reference", "triton")])
def test_a_checkpoint_moves_between_engines(first, second, by_name):
    moved = Training(first).steps(3).continued_by(second).steps(3)
    stayed = Training("reference").steps(3).continued_by("reference").steps(3)
    for one, other in zip(moved.grids, stayed.grids, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)
