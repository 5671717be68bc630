import pytest
import torch
from torch.nn.functional import normalize

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.fields.geometry import GeometryOutput
from idr_neus_plugins.fields.mlp import SdfMLP, SdfMLPConfig

REGION = torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]])


def small(layers: int = 4) -> SdfMLP:
    """In double precision and away from its start, where many weights are zero."""
    torch.manual_seed(1)
    field = SdfMLPConfig(layers=layers, width=48, octaves=3, features=5).setup(REGION).double()
    with torch.no_grad():
        for parameter in field.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return field


def by_double_backward(field: SdfMLP, positions: torch.Tensor) -> GeometryOutput:
    """The reference: value and feature as the field gives them, gradient from autograd."""
    positions = positions.clone().requires_grad_(True)
    output = field(positions)
    (gradients,) = torch.autograd.grad(output.sdf.sum(), positions, create_graph=True)
    return GeometryOutput(output.sdf, gradients, output.features)


def loss_of(output: GeometryOutput) -> torch.Tensor:
    assert output.features is not None
    eikonal = (output.gradients.norm(dim=1) - 1.0).square().mean()
    return eikonal + output.sdf.square().mean() + output.features.square().mean()


@pytest.mark.parametrize("layers", [2, 4, 8])
def test_closed_form_gradient_and_its_backward_equal_double_backward(layers):
    field, positions = small(layers), torch.randn(20, 3, dtype=torch.float64)
    closed, reference = field(positions), by_double_backward(field, positions)
    torch.testing.assert_close(closed.gradients, reference.gradients)
    parameters = list(field.parameters())
    torch.testing.assert_close(
        torch.autograd.grad(loss_of(closed), parameters), torch.autograd.grad(loss_of(reference), parameters)
    )


def test_sdf_alone_is_the_same_value_and_matches_finite_differences():
    field, positions, step = small(), torch.randn(6, 3, dtype=torch.float64), 1e-6
    output = field(positions)
    torch.testing.assert_close(field.sdf(positions), output.sdf)
    for axis in range(3):
        shift = step * torch.eye(3, dtype=torch.float64)[axis]
        slope = (field.sdf(positions + shift) - field.sdf(positions - shift)) / (2 * step)
        torch.testing.assert_close(slope, output.gradients[:, axis], rtol=1e-5, atol=1e-6)


def test_starts_as_a_sphere_of_the_given_radius():
    torch.manual_seed(0)
    field = SdfMLPConfig(radius=0.5).setup(REGION)
    directions = normalize(torch.randn(200, 3), dim=1)
    with torch.no_grad():
        output = field(0.5 * directions)
        assert output.sdf.abs().mean() < 0.1
        assert (field.sdf(0.95 * directions) > 0.15).all() and (field.sdf(0.05 * directions) < -0.15).all()
    assert (normalize(output.gradients, dim=1) * directions).sum(1).min() > 0.8
    assert output.features is not None and output.features.shape == (200, 256) and field.num_features == 256


def test_no_points_are_no_problem():
    output = small()(torch.zeros(0, 3, dtype=torch.float64))
    assert output.sdf.shape == (0,) and output.gradients.shape == (0, 3)


def test_a_network_too_narrow_for_its_encoding_is_refused():
    with pytest.raises(UserError, match="width 39"):
        SdfMLPConfig(width=39, octaves=6).setup(REGION)
