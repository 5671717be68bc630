"""Opacity: from what geometry says at an interval's midpoint to the interval's alpha."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from idr_neus_plugins.core.engine import fused

EPSILON = 1e-5
"""The released NeuS adds it above and below the fraction: far inside a solid, 0/0, alpha is then 1 and not NaN."""


def anneal_cos(cos: Float[Tensor, " intervals"], anneal: float) -> Float[Tensor, " intervals"]:
    """The slope along the ray that NeuS feeds to its opacity: never positive, eased in at the start of training.

    ``-(relu(0.5 - 0.5 cos) (1 - anneal) + relu(-cos) anneal)``. At ``anneal = 0`` surfaces seen from behind or edge-on
    still receive gradients; at ``anneal = 1`` only surfaces that face the camera are opaque (NeuS, released code).

    Args:
        cos: gradient of the sdf times the unit ray direction.
        anneal: 0 at the start of the easing, 1 when it is over (or when there is none).
    """
    return -(torch.relu(0.5 - 0.5 * cos) * (1.0 - anneal) + torch.relu(-cos) * anneal)


def neus_alpha(
    sdf: Float[Tensor, " intervals"],
    cos: Float[Tensor, " intervals"],
    deltas: Float[Tensor, " intervals"],
    inv_s: Float[Tensor, ""] | float,
) -> Float[Tensor, " intervals"]:
    """Opacity of intervals, NeuS equation 13: the relative drop of ``Phi = sigmoid(inv_s sdf)`` along an interval.

    The sdf at both ends is continued linearly from the midpoint: ``sdf -+ cos delta / 2``.

    Args:
        sdf: at the midpoints, scene units, negative inside.
        cos: slope of the sdf along the ray, usually from :func:`anneal_cos`.
        deltas: lengths, scene units.
        inv_s: sharpness, 1 / scene unit.

    Returns:
        Values in [0, 1]; close to 0 in free space and where the sdf does not fall along the ray.
    """
    half_drop = 0.5 * cos * deltas
    entering = torch.sigmoid((sdf - half_drop) * inv_s)
    leaving = torch.sigmoid((sdf + half_drop) * inv_s)
    return ((entering - leaving + EPSILON) / (entering + EPSILON)).clamp(0.0, 1.0)


def neus_opacity(
    sdf: Float[Tensor, " intervals"],
    gradients: Float[Tensor, "intervals 3"],
    directions: Float[Tensor, "intervals 3"],
    deltas: Float[Tensor, " intervals"],
    inv_s: Float[Tensor, ""],
    anneal: float,
) -> Float[Tensor, " intervals"]:
    """:func:`neus_alpha` with the cosine of :func:`anneal_cos`, from the geometry at the midpoints.

    Args:
        gradients: of the sdf.
        directions: unit vectors along the rays.
    """
    engine = None if deltas.requires_grad else fused(sdf, gradients, directions, deltas)
    if engine is not None:
        return engine.neus_opacity(sdf, gradients, directions, deltas, inv_s, anneal, EPSILON)
    cos = (gradients * directions).sum(dim=-1)
    return neus_alpha(sdf, anneal_cos(cos, anneal), deltas, inv_s)


def density_alpha(
    density: Float[Tensor, " intervals"], deltas: Float[Tensor, " intervals"]
) -> Float[Tensor, " intervals"]:
    """Opacity of intervals of constant density (per scene unit), ``1 - exp(-density delta)`` (NeRF equation 3)."""
    return -torch.expm1(-density * deltas)


def laplace_density(sdf: Float[Tensor, "*points"], beta: Float[Tensor, "*#points"] | float) -> Float[Tensor, "*points"]:
    """VolSDF's density, equations 2 and 3 with alpha = 1 / beta: Laplace's distribution of ``-sdf``, over beta.

    Outside ``exp(-sdf / beta) / (2 beta)``, on the surface ``1 / (2 beta)``, deep inside ``1 / beta``.

    Args:
        sdf: scene units, negative inside.
        beta: scene units; the layer in which density rises.
    """
    return (0.5 + 0.5 * sdf.sign() * torch.expm1(-sdf.abs() / beta)) / beta


def occupancy(sdf: Float[Tensor, "*points"], inv_s: Float[Tensor, ""] | float) -> Float[Tensor, "*points"]:
    """UNISURF's occupancy, which is also the opacity of a sample (equation 6): ``sigmoid(-inv_s sdf)``.

    One half on the surface, towards 1 inside and 0 outside. The logit is the geometry's value with its sign turned.
    """
    return torch.sigmoid(-inv_s * sdf)


def occupancy_alpha(
    sdf: Float[Tensor, " intervals"],
    deltas: Float[Tensor, " intervals"],
    inv_s: Float[Tensor, ""] | float,
    spacing: Float[Tensor, ""] | float,
) -> Float[Tensor, " intervals"]:
    """Opacity of intervals where :func:`occupancy` o is the opacity of samples ``spacing`` apart.

    ``1 - (1 - o)^(delta / spacing)``, the opacity correction of volume graphics: how a ray is cut changes nothing.
    """
    return -torch.expm1(-functional.softplus(-inv_s * sdf) * deltas / spacing)
