"""The differentiable surface point against the exact one, and its derivatives against finite differences."""

import torch
from torch.autograd import gradcheck
from torch.nn.functional import normalize

from idr_neus_plugins.core.implicit import SHALLOWEST, implicit_distance, implicit_points
from tests.analytic import rays_at


def ellipsoid(points: torch.Tensor, shape: torch.Tensor) -> torch.Tensor:
    """Not a distance: its slope differs from place to place. ``shape`` [4]: three stretches and a size."""
    return (points * shape[:3]).square().sum(-1) - shape[3]


def exact_distance(origins: torch.Tensor, directions: torch.Tensor, shape: torch.Tensor) -> torch.Tensor:
    """The smaller root of the quadratic along each ray: differentiable as it stands."""
    stretched, towards = origins * shape[:3], directions * shape[:3]
    a, b, c = towards.square().sum(-1), (stretched * towards).sum(-1), stretched.square().sum(-1) - shape[3]
    return (-b - (b * b - a * c).sqrt()) / a


def implicit(origins: torch.Tensor, directions: torch.Tensor, shape: torch.Tensor) -> torch.Tensor:
    distances = exact_distance(origins, directions, shape).detach()
    points = origins + distances[:, None] * directions
    gradients = 2.0 * points * shape[:3] ** 2
    slopes = (gradients * directions).sum(-1)
    return implicit_points(origins, directions, distances, ellipsoid(points, shape), slopes)


def inputs() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    origins, directions = rays_at(0.1, 20)
    shape = torch.tensor([1.0, 1.4, 0.8, 0.3], dtype=torch.float64)
    return origins.double(), normalize(directions.double(), dim=1), shape


def test_value_and_derivatives_are_those_of_the_exact_point():
    """Through geometry, the camera's place and the viewing direction."""
    arguments = [part.requires_grad_() for part in inputs()]
    origins, directions, shape = arguments
    exact = origins + exact_distance(origins, directions, shape)[:, None] * directions
    found = implicit(*arguments)
    torch.testing.assert_close(found, exact)
    weights = torch.randn_like(exact)
    truth = torch.autograd.grad((exact * weights).sum(), arguments)
    ours = torch.autograd.grad((found * weights).sum(), arguments)
    for name, one, other in zip(("origins", "directions", "shape"), ours, truth, strict=True):
        assert (one - other).norm() < 1e-10 * other.norm(), name


def test_gradcheck_through_the_search():
    """Finite differences move the surface and search it again."""
    origins, directions, shape = inputs()
    for part in (origins, directions, shape):
        part.requires_grad_()
    assert gradcheck(implicit, (origins[:4].detach().requires_grad_(), directions[:4].detach().requires_grad_(), shape))


def test_a_grazing_ray_moves_its_point_by_a_bounded_amount():
    values = torch.zeros(3, requires_grad=True)
    slopes = torch.tensor([-1.0, -1e-6, 0.5])
    implicit_distance(torch.ones(3), values, slopes).sum().backward()
    torch.testing.assert_close(values.grad, torch.tensor([1.0, -1.0 / SHALLOWEST, -1.0 / SHALLOWEST]))
