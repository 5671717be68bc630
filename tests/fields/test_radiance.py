import torch
from torch.nn.functional import normalize

from idr_neus_plugins.fields.mlp import SdfMLPConfig
from idr_neus_plugins.fields.radiance import RadianceMLPConfig

REGION = torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]])


def test_colours_lie_in_range_and_every_input_counts():
    torch.manual_seed(0)
    geometry = SdfMLPConfig(layers=2, width=48, octaves=2, features=4).setup(REGION)
    field = RadianceMLPConfig(layers=2, width=32).setup(geometry, REGION)
    inputs = [torch.randn(9, 3), *(normalize(torch.randn(9, 3), dim=1) for _ in range(2)), torch.randn(9, 4)]
    inputs = [value.requires_grad_(True) for value in inputs]
    rgb = field(*inputs)
    assert rgb.shape == (9, 3) and (rgb > 0).all() and (rgb < 1).all()
    rgb.sum().backward()
    assert all(value.grad is not None and value.grad.abs().sum() > 0 for value in inputs)


def test_geometries_without_features_are_served():
    from idr_neus_plugins.fields.geometry import GeometryField

    field = RadianceMLPConfig(layers=1, width=8).setup(GeometryField(), REGION)
    assert field(torch.zeros(2, 3), torch.zeros(2, 3), torch.zeros(2, 3), None).shape == (2, 3)
