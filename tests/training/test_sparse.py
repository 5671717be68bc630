"""States of optimisers survive exactly, and take no room where they are zero."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from idr_neus_plugins.fields.grid import reference
from idr_neus_plugins.fields.grid.lattice_values import LatticeParameter
from idr_neus_plugins.fields.grid.nodes import ListedNodes
from idr_neus_plugins.fields.grid.optimizer import NodeAdam
from idr_neus_plugins.training.sparse import pack, unpack

NODES = torch.arange(100, 300)
"""Of the 24,000 of a grid of four channels."""


def trained(steps: int, parameter: LatticeParameter, optimizer: NodeAdam) -> None:
    for step in range(steps):
        parameter.grad = torch.sin(parameter.detach() + step)
        optimizer.step()


def grid() -> tuple[LatticeParameter, NodeAdam]:
    parameter = LatticeParameter(torch.linspace(-1, 1, 96_000).view(20, 30, 40, 4))
    parameter.nodes = ListedNodes(NODES, reference)
    return parameter, NodeAdam([parameter], lr=0.1)


def on_disk(state: dict, tmp_path) -> tuple[dict, int]:
    """As it is read again, and the bytes that it took."""
    torch.save(state, tmp_path / "state")
    return torch.load(tmp_path / "state", weights_only=True), (tmp_path / "state").stat().st_size


def test_training_goes_on_from_a_packed_state_as_if_nothing_had_been(tmp_path):
    (first, optimizer), (again, resumed) = grid(), grid()
    trained(3, first, optimizer)
    packed, size = on_disk(pack(optimizer.state_dict()), tmp_path)
    _, dense_size = on_disk(optimizer.state_dict(), tmp_path)
    assert size < dense_size / 10
    again.data.copy_(first.data)
    resumed.load_state_dict(unpack(packed))
    trained(3, first, optimizer)
    trained(3, again, resumed)
    assert torch.equal(first, again)
    for name, value in optimizer.state[first].items():
        assert torch.equal(torch.as_tensor(value), torch.as_tensor(resumed.state[again][name]))


@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(3, 5),
        torch.tensor([0.0, float("nan"), float("-inf"), 0.0, 1e-40, 0, 0]),
        torch.tensor([[0, 7], [0, 0]]),
        torch.zeros(0, 4),
        torch.zeros(()),
        torch.ones(9, dtype=torch.float64),
        torch.eye(5)[:, ::2],
    ],
)
def test_every_tensor_comes_back_as_it_was(tensor: Tensor, tmp_path):
    packed, _ = on_disk(pack({"state": [tensor, 3], "name": "adam"}), tmp_path)
    back = unpack(packed)
    assert back["name"] == "adam" and back["state"][1] == 3
    torch.testing.assert_close(back["state"][0], tensor, rtol=0, atol=0, equal_nan=True)


def test_what_was_never_packed_is_read_as_well():
    """Checkpoints from before this form of theirs."""
    parameter, optimizer = grid()
    trained(1, parameter, optimizer)
    state = optimizer.state_dict()
    assert torch.equal(unpack(state)["state"][0]["exp_avg"], optimizer.state[parameter]["exp_avg"])
