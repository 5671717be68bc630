import torch

from idr_neus_plugins.fields.encodings import encoding_width, positional_encoding, pull_back


def test_encoding_by_hand():
    encoded = positional_encoding(torch.tensor([[0.5]]), octaves=2)
    expected = torch.tensor([0.5, *torch.tensor([0.5, 1.0]).sin(), *torch.tensor([0.5, 1.0]).cos()])
    torch.testing.assert_close(encoded[0], expected)
    assert encoded.shape[1] == encoding_width(1, 2)


def test_pull_back_equals_autograd():
    values = torch.randn(7, 3, dtype=torch.float64, requires_grad=True)
    encoded = positional_encoding(values, octaves=5)
    cotangents = torch.randn_like(encoded)
    (expected,) = torch.autograd.grad(encoded, values, cotangents)
    torch.testing.assert_close(pull_back(encoded, cotangents, dimensions=3), expected)
