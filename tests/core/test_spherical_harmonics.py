from __future__ import annotations

import numpy as np
import pytest
import torch

from idr_neus_plugins.core.spherical_harmonics import num_harmonics, orthonormal_harmonics


def quadrature(heights: int = 8, turns: int = 16) -> tuple[torch.Tensor, torch.Tensor]:
    """Directions and weights that integrate polynomials of degree 15 over the sphere exactly."""
    z, weights = np.polynomial.legendre.leggauss(heights)
    angle = 2 * np.pi * np.arange(turns) / turns
    flat = np.sqrt(1 - z**2)[:, None]
    directions = np.stack([flat * np.cos(angle), flat * np.sin(angle), np.repeat(z[:, None], turns, 1)], -1)
    return torch.from_numpy(directions.reshape(-1, 3)), torch.from_numpy(np.repeat(weights, turns) * 2 * np.pi / turns)


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_they_are_orthonormal(degree):
    directions, weights = quadrature()
    values = orthonormal_harmonics(directions, degree)
    assert values.shape == (128, num_harmonics(degree))
    torch.testing.assert_close(values.T @ (weights[:, None] * values), torch.eye(num_harmonics(degree)).double())
