import torch

from idr_neus_plugins.fields.grid import reference
from idr_neus_plugins.fields.grid.lattice_values import LatticeParameter
from idr_neus_plugins.fields.grid.nodes import ListedNodes
from idr_neus_plugins.fields.grid.optimizer import WARMUP_STEPS, NodeAdam


def parameter(shape=(3, 3, 3)) -> LatticeParameter:
    values = LatticeParameter(torch.zeros(shape))
    values.nodes = ListedNodes(torch.tensor([4, 13], dtype=torch.int32), reference)
    values.grad = torch.ones(shape)
    return values


def test_only_the_listed_nodes_move_and_their_gradient_is_cleared():
    values = parameter()
    NodeAdam([values], lr=1.0).step()
    assert values.detach().view(-1).nonzero()[:, 0].tolist() == [4, 13]
    assert values.grad is not None and values.grad.view(-1)[[4, 13]].tolist() == [0.0, 0.0]


def test_a_value_without_a_gradient_keeps_its_momentum_for_later():
    values = parameter()
    optimizer = NodeAdam([values], lr=1.0)
    optimizer.step()
    moved = values.detach().view(-1)[[4, 13]].clone()
    values.grad = torch.zeros(3, 3, 3)
    values.grad.view(-1)[4] = -1e-9
    optimizer.step()
    after = values.detach().view(-1)[[4, 13]]
    assert after[0] < moved[0] and after[1] == moved[1]


def test_the_first_step_has_the_length_of_the_rate_after_warming_up():
    values = parameter()
    optimizer = NodeAdam([values], lr=1.0)
    optimizer.step()
    torch.testing.assert_close(values.detach().view(-1)[4], torch.tensor(-1.0 / WARMUP_STEPS))


def test_a_constant_gradient_moves_at_the_rate():
    values = parameter()
    optimizer = NodeAdam([values], lr=0.1)
    for _ in range(600):
        before = values.detach().clone()
        values.grad = torch.full((3, 3, 3), 7.0)
        optimizer.step()
    torch.testing.assert_close((before - values.detach()).view(-1)[4], torch.tensor(0.1), atol=1e-3, rtol=0)


def test_averages_begin_anew_with_a_new_lattice_and_survive_a_checkpoint():
    values = parameter()
    optimizer = NodeAdam([values], lr=1.0)
    optimizer.step()
    copy = NodeAdam([values], lr=1.0)
    copy.load_state_dict(optimizer.state_dict())
    assert copy.state[values]["step"] == 1
    values.data, values.grad = torch.zeros(4, 4, 4), torch.ones(4, 4, 4)
    optimizer.step()
    assert optimizer.state[values]["step"] == 1 and optimizer.state[values]["exp_avg"].shape == (4, 4, 4)
