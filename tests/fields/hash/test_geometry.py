"""The signed distance over a hash grid: closed forms, its start, its levels, and tiny-cuda-nn in its place."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
import torch

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.fields.geometry import GeometryOutput
from idr_neus_plugins.fields.grid.optimizer import NodeAdam
from idr_neus_plugins.fields.hash import reference
from idr_neus_plugins.fields.hash.geometry import HashGeometry, HashGeometryConfig
from idr_neus_plugins.fields.hash.layout import HashLevels

REGION = torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.5, 1.0]])
GRID = HashLevels(levels=4, coarsest=4, finest=32, log2_rows=10)


def small(layers: int = 2, **options) -> HashGeometry:
    """In double precision and away from its start, where the network is zero."""
    torch.manual_seed(1)
    config = HashGeometryConfig(grid=GRID, layers=layers, width=16, features=5, engine="reference", **options)
    field = config.setup(REGION).double()
    with torch.no_grad():
        for parameter in field.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return field


def positions(count: int = 20) -> torch.Tensor:
    torch.manual_seed(2)
    return 1.8 * torch.rand(count, 3, dtype=torch.float64) - 0.9


def by_double_backward(field: HashGeometry, at: torch.Tensor) -> GeometryOutput:
    at = at.clone().requires_grad_(True)
    output = field(at)
    (gradients,) = torch.autograd.grad(output.sdf.sum(), at, create_graph=True)
    return GeometryOutput(output.sdf, gradients, output.features)


def loss_of(output: GeometryOutput) -> torch.Tensor:
    assert output.features is not None
    eikonal = (output.gradients.norm(dim=1) - 1.0).square().mean()
    return eikonal + output.sdf.square().mean() + output.features.square().mean()


@pytest.mark.parametrize("progress", [0.0, 1.0])
@pytest.mark.parametrize("layers", [1, 3])
def test_closed_form_gradient_and_its_backward_equal_double_backward(layers, progress):
    field = small(layers, first_levels=2)
    field.set_progress(progress)
    closed, double = field(positions()), by_double_backward(field, positions())
    torch.testing.assert_close(closed.gradients, double.gradients)
    parameters = list(field.parameters())
    torch.testing.assert_close(
        torch.autograd.grad(loss_of(closed), parameters), torch.autograd.grad(loss_of(double), parameters)
    )


def test_sdf_alone_is_the_same_value_and_matches_finite_differences():
    field, at, step = small(), positions(), 1e-7
    output = field(at)
    torch.testing.assert_close(field.sdf(at), output.sdf)
    for axis in range(3):
        shift = step * torch.eye(3, dtype=torch.float64)[axis]
        slope = (field.sdf(at + shift) - field.sdf(at - shift)) / (2 * step)
        torch.testing.assert_close(slope, output.gradients[:, axis], rtol=1e-5, atol=1e-5)


def test_starts_as_a_sphere_exactly():
    field, at = HashGeometryConfig(grid=GRID, radius=0.4, engine="reference").setup(REGION), positions().float()
    offsets = at - torch.tensor([0.0, 0.25, 0.0])
    output = field(at)
    torch.testing.assert_close(output.sdf, offsets.norm(dim=1) - 0.4)
    torch.testing.assert_close(output.gradients, offsets / offsets.norm(dim=1, keepdim=True))
    assert output.features is not None and output.features.shape == (20, 15) and field.num_features == 15


def test_levels_come_in_coarse_to_fine():
    field = small(first_levels=1, all_levels_at=0.5)
    seen = []
    for progress in (0.0, 0.2, 0.4, 0.5, 1.0):
        field.set_progress(progress)
        seen.append(field.levels)
    assert seen == [1, 2, 3, 4, 4]
    field.set_progress(0.0)
    loss_of(field(positions())).backward()
    first_of_second = int(field.encoding.layout[1, 1])
    assert field.encoding.table.grad[:first_of_second].any() and not field.encoding.table.grad[first_of_second:].any()


def test_only_rows_that_were_read_are_trained():
    field = HashGeometryConfig(grid=GRID, engine="reference").setup(REGION)
    before, optimizer = field.encoding.table.detach().clone(), NodeAdam([field.encoding.table], lr=0.1)
    torch.nn.init.normal_(field.layers[-1].weight)
    loss_of(field(positions(1).float())).backward()
    optimizer.step()
    moved = (field.encoding.table != before).any(dim=1)
    assert 8 <= moved.sum() <= 8 * GRID.levels
    assert set(field.param_groups()) == {"hash", "geometry"}


def test_a_checkpoint_gives_the_same_field():
    one, other = small(), small()
    with torch.no_grad():
        one.encoding.table.mul_(2.0)
    other.load_state_dict(one.state_dict())
    torch.testing.assert_close(other(positions()).sdf, one(positions()).sdf)
    assert "encoding.table" in one.state_dict()


def test_no_points_are_no_problem():
    output = small()(torch.zeros(0, 3, dtype=torch.float64))
    assert output.sdf.shape == (0,) and output.gradients.shape == (0, 3)


class StandIn(torch.nn.Module):
    """tiny-cuda-nn's interface over the reference: differentiable twice, table as one flat parameter."""

    def __init__(self, inputs: int, options: dict, dtype: torch.dtype) -> None:
        super().__init__()
        assert inputs == 3 and dtype is torch.float32
        finest = round(options["base_resolution"] * options["per_level_scale"] ** (options["n_levels"] - 1))
        sizes = (options["n_levels"], options["n_features_per_level"], options["base_resolution"], finest)
        self.layout = HashLevels(*sizes, options["log2_hashmap_size"]).layout()
        self.channels = options["n_features_per_level"]
        self.params = torch.nn.Parameter(torch.zeros(int(self.layout[-1, 1:3].sum()) * self.channels))

    def forward(self, coords: torch.Tensor) -> torch.Tensor:
        return reference.encode(self.params.view(-1, self.channels), coords, self.layout, with_derivatives=False)[0]


def test_tiny_cuda_nn_in_its_place_gives_the_same_field_and_gradients(monkeypatch):
    module = ModuleType("tinycudann")
    module.Encoding = StandIn
    monkeypatch.setitem(sys.modules, "tinycudann", module)
    own, tcnn = small(), small(encoding="tcnn")
    with torch.no_grad():
        tcnn.encoding.encoding.params.copy_(own.encoding.table.view(-1))
    tcnn.layers.load_state_dict(own.layers.state_dict())
    for field in (own, tcnn):
        field.set_progress(0.3)
    ours, theirs = own(positions()), tcnn(positions())
    torch.testing.assert_close(ours, theirs)
    loss_of(ours).backward()
    loss_of(theirs).backward()
    torch.testing.assert_close(own.encoding.table.grad.view(-1), tcnn.encoding.encoding.params.grad)
    torch.testing.assert_close(own.layers[0].weight.grad, tcnn.layers[0].weight.grad)
    assert set(tcnn.param_groups()) == {"geometry"} and len(tcnn.param_groups()["geometry"]) == 7
    with torch.no_grad():
        torch.testing.assert_close(tcnn(positions()).gradients, ours.gradients.detach())


def test_without_tiny_cuda_nn_it_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "tinycudann", None)
    with pytest.raises(UserError, match=r"needs tiny-cuda-nn .*leave --pipeline.model.geometry.encoding at own"):
        HashGeometryConfig(encoding="tcnn").setup(REGION)
