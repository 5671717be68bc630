"""The surface point of a ray as a differentiable function of geometry, camera and pixel (IDR, Yariv et al. 2020).

Where a ray c + t v meets the surface is found by search, which has no derivative. But the point satisfies
``f(c + t v; theta) = 0``, so the implicit function theorem gives one: exact to first order, and it needs the value and
the slope of f at the point, and nothing of how the point was found.
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

SHALLOWEST = -1e-2
"""Slopes along the ray are kept below this. A ray that only grazes the surface would move its point without bound."""


def implicit_distance(
    distances: Float[Tensor, " rays"], values: Float[Tensor, " rays"], slopes: Float[Tensor, " rays"]
) -> Float[Tensor, " rays"]:
    """``t(theta, tau) = t0 - (f(c(tau) + t0 v(tau); theta) - f0) / (grad f0 . v0)`` (IDR equation 3).

    The value is ``distances`` as it is. The derivative is the one of the distance at which the ray meets the level of f
    that runs through the given point, with respect to whatever ``values`` depends on.

    Args:
        distances: t0, to the surface along unit rays, scene units; no gradient flows into it.
        values: f at ``c + t0 v``, attached to the geometry's parameters and, where cameras are trained, to c and v.
        slopes: derivative of f along the ray at the point; negative where the ray enters. Held constant.
    """
    return distances.detach() - (values - values.detach()) / slopes.detach().clamp(max=SHALLOWEST)


def implicit_points(
    origins: Float[Tensor, "rays 3"],
    directions: Float[Tensor, "rays 3"],
    distances: Float[Tensor, " rays"],
    values: Float[Tensor, " rays"],
    slopes: Float[Tensor, " rays"],
) -> Float[Tensor, "rays 3"]:
    """Surface points ``x = c + t v``, differentiable through f, the camera's place c and the viewing direction v.

    Args:
        directions: unit vectors.
        distances, values, slopes: see :func:`implicit_distance`.
    """
    return origins + implicit_distance(distances, values, slopes)[:, None] * directions
