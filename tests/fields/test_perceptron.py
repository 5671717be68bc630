import torch
from torch import nn

from idr_neus_plugins.fields.perceptron import perceptron


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3))


def test_it_is_the_network():
    ours, plain, inputs = network(), network(), torch.randn(40, 5)
    factors = torch.randn(40, 3)
    given = [inputs.clone().requires_grad_() for _ in range(2)]
    outputs = perceptron(ours, given[0]), plain(given[1])
    torch.testing.assert_close(*outputs)
    for output in outputs:
        (output * factors).sum().backward()
    torch.testing.assert_close(given[0].grad, given[1].grad)
    for mine, its in zip(ours.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, its.grad)


def test_gradients_in_float64():
    plain, inputs = network().double(), torch.randn(7, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, *_: perceptron(plain, x), (inputs, *plain.parameters()))


def test_no_points():
    assert perceptron(network(), torch.zeros(0, 5)).shape == (0, 3)
