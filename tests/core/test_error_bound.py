"""VolSDF's bound against opacities that are known: it must hold everywhere, and it must not be idle."""

import math

import pytest
import torch

from idr_neus_plugins.core.error_bound import (
    lowest_distance,
    opacity_error_bound,
    optical_depth,
    smallest_beta,
    sufficient_beta,
)
from idr_neus_plugins.core.opacity import laplace_density

DOUBLE = torch.float64


def sphere(points: torch.Tensor) -> torch.Tensor:
    return points.norm(dim=-1) - 0.5


def sheet(points: torch.Tensor) -> torch.Tensor:
    """A wall 0.02 thick: thinner than an interval."""
    return (points[..., 2] - 0.1).abs() - 0.01


def two_spheres(points: torch.Tensor) -> torch.Tensor:
    centre = torch.tensor([0.0, 0.3, 0.4], dtype=DOUBLE)
    return torch.minimum((points - centre).norm(dim=-1) - 0.2, (points + centre).norm(dim=-1) - 0.35)


def rays(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Frontal, grazing and missing ones."""
    torch.manual_seed(0)
    origins = torch.zeros(count, 3, dtype=DOUBLE)
    origins[:, 0], origins[:, 2] = torch.linspace(0.0, 0.7, count, dtype=DOUBLE), -1.0
    directions = torch.tensor([0.0, 0.0, 1.0], dtype=DOUBLE) + 0.1 * torch.randn(count, 3, dtype=DOUBLE)
    return origins, torch.nn.functional.normalize(directions, dim=1)


def along(distance, edges: torch.Tensor) -> torch.Tensor:
    origins, directions = rays(len(edges))
    return distance(origins[:, None] + edges[..., None] * directions[:, None])


def uneven_edges(count: int, intervals: int) -> torch.Tensor:
    torch.manual_seed(1)
    inner = 2.0 * torch.rand(count, intervals - 1)
    return torch.cat([torch.zeros(count, 1), inner, torch.full((count, 1), 2.0)], dim=1).sort(dim=1).values.double()


@pytest.mark.parametrize("distance", [sphere, sheet, two_spheres])
@pytest.mark.parametrize("beta", [0.005, 0.02, 0.1])
@pytest.mark.parametrize("intervals", [16, 256])
def test_the_error_of_the_opacity_stays_below_the_bound(distance, beta, intervals):
    edges, refine = uneven_edges(40, intervals), 200
    scale = torch.full((40, 1), beta, dtype=DOUBLE)
    depth = optical_depth(edges, along(distance, edges), scale)

    # The opacity in the middle of every interval: by quadrature, and from 200 pieces in each interval.
    shares = torch.linspace(0.0, 1.0, refine + 1, dtype=DOUBLE)
    fine = (edges[:, :-1, None] + edges.diff(dim=1)[..., None] * shares).reshape(40, -1)
    density = laplace_density(along(distance, fine), beta).view(40, intervals, refine + 1)
    pieces = 0.5 * (density[..., 1:] + density[..., :-1]) * edges.diff(dim=1)[..., None] / refine
    before = torch.cat([torch.zeros(40, 1, dtype=DOUBLE), pieces.sum(2).cumsum(1)], dim=1)
    true = before[:, :-1] + pieces[..., : refine // 2].sum(2)
    near_density = laplace_density(along(distance, edges)[:, :-1], beta)
    approximate = depth[:, :-1] + 0.5 * edges.diff(dim=1) * near_density
    error = (torch.exp(-true) - torch.exp(-approximate)).abs()

    bound = opacity_error_bound(edges, along(distance, edges), scale)
    assert (error <= bound + 1e-6).all()
    if intervals == 256 and beta == 0.1:
        assert bound.max() < 0.1, "a bound that is never small bounds nothing"


def test_lowest_distance_is_a_lower_bound_and_tight_on_a_plane_parallel_to_the_ray():
    edges = uneven_edges(40, 30)
    deltas, shares = edges.diff(dim=1), torch.linspace(0.0, 1.0, 101, dtype=DOUBLE)
    inside = (edges[:, :-1, None] + deltas[..., None] * shares).reshape(40, -1)
    smallest = along(two_spheres, inside).abs().view(40, 30, 101).amin(dim=2)
    assert (lowest_distance(deltas, along(two_spheres, edges)) <= smallest + 1e-9).all()

    parallel = torch.full((1, 3), 0.3, dtype=DOUBLE)
    height = lowest_distance(torch.tensor([[0.2, 0.8]], dtype=DOUBLE), parallel)
    assert height[0, 0] == pytest.approx(math.sqrt(0.3**2 - 0.1**2)) and height[0, 1] == 0.0


def test_a_sufficient_beta_suffices_and_the_smallest_is_the_edge():
    edges = uneven_edges(40, 64)
    sdf, enough = along(sphere, edges), sufficient_beta(edges, 0.1)
    bound = lambda beta: opacity_error_bound(edges, sdf, beta)  # noqa: E731
    assert (bound(enough) <= 0.1).all()
    wanted = torch.full_like(enough, 1e-3)
    beta = smallest_beta(bound, wanted, enough, 0.1, steps=30)
    assert (bound(beta).amax(dim=1) <= 0.1 + 1e-9).all() and (beta <= enough).all()
    at_edge = beta[:, 0] > wanted[:, 0] * 1.001
    assert at_edge.any() and (bound(beta * 0.999).amax(dim=1)[at_edge] > 0.1).all()
    loose = torch.full_like(enough, 10.0)
    assert torch.equal(smallest_beta(bound, loose, torch.maximum(enough, loose), 0.1), loose)
