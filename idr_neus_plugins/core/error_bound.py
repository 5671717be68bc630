"""VolSDF's bound on the error that quadrature makes in a ray's opacity (Yariv et al. 2021, theorem 1).

``edges`` are the sorted borders t_0 .. t_n of intervals, one row per ray; ``sdf`` are the *exact distances* at them,
whose slope along the ray is at most 1. Opacity is that of :func:`~idr_neus_plugins.core.opacity.laplace_density` with
the densities taken at the intervals' near ends.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.core.opacity import laplace_density

LARGEST_EXPONENT = 50.0
"""exp of more is as good as infinite for an error of an opacity, and keeps sums finite in single precision."""


def lowest_distance(
    deltas: Float[Tensor, "rays intervals"], sdf: Float[Tensor, "rays edges"]
) -> Float[Tensor, "rays intervals"]:
    """d*, the least that the distance can be within each interval, from that at its ends (equation 14).

    Balls around the ends are free of surface, so what is left of the interval is at least as far from it as the border
    of their union is: the height of the triangle of delta, |d_i| and |d_i+1|, or the smaller one where that is obtuse.
    """
    near, far = sdf[:, :-1].abs(), sdf[:, 1:].abs()
    half = 0.5 * (deltas + near + far)
    area = (half * (half - deltas) * (half - near) * (half - far)).clamp(min=0.0).sqrt()
    height = 2.0 * area / deltas.clamp(min=torch.finfo(deltas.dtype).tiny)
    obtuse = (near**2 - far**2).abs() >= deltas**2
    lowest = torch.where(obtuse, torch.minimum(near, far), height)
    crosses = (sdf[:, :-1] * sdf[:, 1:] <= 0) | (near + far <= deltas)
    return torch.where(crosses, 0.0, lowest)


def opacity_error_bound(
    edges: Float[Tensor, "rays edges"], sdf: Float[Tensor, "rays edges"], beta: Float[Tensor, "rays 1"]
) -> Float[Tensor, "rays intervals"]:
    """Upper bound of the opacity's error anywhere within each interval (theorem 1 with equation 13).

    ``exp(-R_i) (exp(E_i+1) - 1)``: R_i is the optical depth before interval i by quadrature, E the bound on its error,
    the sum of ``delta^2 exp(-d* / beta) / (4 beta^2)`` up to the interval's end.
    """
    deltas = edges.diff(dim=1)
    depth = optical_depth(edges, sdf, beta)[:, :-1]
    errors = deltas**2 * torch.exp(-lowest_distance(deltas, sdf) / beta) / (4.0 * beta**2)
    # Not exp(-R) times the rest: a large R and a larger E must not become zero times infinity.
    return torch.exp((errors.cumsum(dim=1) - depth).clamp(max=LARGEST_EXPONENT)) - torch.exp(-depth)


def optical_depth(
    edges: Float[Tensor, "rays edges"], sdf: Float[Tensor, "rays edges"], beta: Float[Tensor, "rays 1"]
) -> Float[Tensor, "rays edges"]:
    """R at every border by the rectangle rule with the densities at the intervals' near ends (equation 9)."""
    masses = laplace_density(sdf[:, :-1], beta) * edges.diff(dim=1)
    return torch.cat([torch.zeros_like(edges[:, :1]), masses.cumsum(dim=1)], dim=1)


def sufficient_beta(edges: Float[Tensor, "rays edges"], epsilon: float) -> Float[Tensor, "rays 1"]:
    """A beta for which these intervals keep the error below ``epsilon``, whatever the distances (lemma 2)."""
    squares = edges.diff(dim=1).square().sum(dim=1, keepdim=True)
    return (squares / (4.0 * math.log1p(epsilon))).sqrt()


def smallest_beta(
    bound: Callable[[Float[Tensor, "rays 1"]], Float[Tensor, "rays intervals"]],
    wanted: Float[Tensor, "rays 1"],
    sufficient: Float[Tensor, "rays 1"],
    epsilon: float,
    steps: int = 10,
) -> Float[Tensor, "rays 1"]:
    """The smallest beta per ray, down to the wanted one, that keeps the bound below ``epsilon`` (algorithm 1).

    Args:
        bound: error bound of the intervals at hand as a function of beta.
        sufficient: is known to be enough; the bisection starts from it.
    """

    def fits(beta: Tensor) -> Tensor:
        return bound(beta).amax(dim=1, keepdim=True) <= epsilon

    low, high = wanted, torch.where(fits(wanted), wanted, sufficient)
    for _ in range(steps):
        middle = 0.5 * (low + high)
        good = fits(middle)
        low, high = torch.where(good, low, middle), torch.where(good, middle, high)
    return high
