"""First changes of sign and roots, against analytic shapes and bisection."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from idr_neus_plugins.core.root_finding import Brackets, first_sign_change, regula_falsi
from tests.analytic import rays_at


def bisection(function, brackets: Brackets, steps: int = 60) -> torch.Tensor:
    """The naive reference: slow and certain."""
    near, far = brackets.near, brackets.far
    for _ in range(steps):
        middle = 0.5 * (near + far)
        free = function(middle) > 0
        near, far = torch.where(free, middle, near), torch.where(free, far, middle)
    return 0.5 * (near + far)


def shell(positions: torch.Tensor) -> torch.Tensor:
    """A hollow ball: solid between radius 0.4 and 0.6."""
    return (positions.norm(dim=-1) - 0.5).abs() - 0.1


def test_the_first_surface_of_a_hollow_ball_is_met():
    origins, directions = (part.double() for part in rays_at(0.3, 200))
    directions = torch.nn.functional.normalize(directions, dim=1)
    distances = torch.linspace(1.5, 4.5, 101, dtype=torch.float64).expand(200, 101)

    def along(at: torch.Tensor) -> torch.Tensor:
        return shell(origins + at[:, None] * directions)

    values = shell(origins[:, None] + distances[..., None] * directions[:, None])
    brackets, found = first_sign_change(distances, values)
    assert found.all()
    closest = -(origins * directions).sum(1)
    exact = closest - (0.36 - (origins + closest[:, None] * directions).square().sum(1)).sqrt()
    assert ((brackets.near <= exact) & (exact <= brackets.far)).all()
    torch.testing.assert_close(brackets.far - brackets.near, torch.full((200,), 0.03, dtype=torch.float64))
    torch.testing.assert_close(regula_falsi(along, brackets, steps=8), exact, atol=1e-9, rtol=0)


def test_rays_without_a_change_of_sign_are_told():
    distances = torch.arange(4.0).expand(5, 4)
    values = torch.tensor(
        [[3.0, 2.0, 1.0, 2.0], [-1, -2, -1, 1], [-1, 1, -1, 1], [1, 1, 0, 1], [1, float("nan"), -1, 1]]
    )
    brackets, found = first_sign_change(distances, values)
    assert found.tolist() == [False, False, True, True, False]
    assert brackets.near[found].tolist() == [1.0, 1.0] and brackets.far[found].tolist() == [2.0, 2.0]
    assert brackets.of(found).far_values.tolist() == [-1.0, 0.0]


@settings(max_examples=50, deadline=None)
@given(root=st.floats(0.2, 0.99), power=st.integers(1, 4), scale=st.floats(1e-3, 1e3))
def test_any_descent_has_the_root_of_bisection(root, power, scale):
    """Curved descents, flat at one end, of any scale."""
    near, far = torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)

    def function(at: torch.Tensor) -> torch.Tensor:
        return scale * (root**power - at**power)

    brackets = Brackets(near, far, function(near), function(far))
    torch.testing.assert_close(regula_falsi(function, brackets, 20), bisection(function, brackets), atol=1e-6, rtol=0)


def test_illinois_is_faster_than_the_plain_secant():
    """Where the function bends, one end of the plain interval never moves: it is off after eight steps."""

    def function(at: torch.Tensor) -> torch.Tensor:
        return 1.0 - at**10 - 0.2

    brackets = Brackets(*(torch.tensor([value], dtype=torch.float64) for value in (0.0, 1.2, 0.8, 0.8 - 1.2**10)))
    near, far, near_values, far_values = brackets
    for _ in range(9):
        middle = near + near_values / (near_values - far_values) * (far - near)
        near, near_values = middle, function(middle)  # the root is always beyond
    exact = 0.8**0.1
    assert abs(float(middle) - exact) > 0.1 > 50 * abs(float(regula_falsi(function, brackets, 8)) - exact)


@pytest.mark.parametrize("steps", [0, 1, 50])
def test_a_root_at_an_end_stays(steps):
    brackets = Brackets(*(torch.tensor([value]) for value in (0.0, 2.0, 2.0, 0.0)))
    assert regula_falsi(lambda at: 2.0 - at, brackets, steps).tolist() == [2.0]
