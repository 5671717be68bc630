"""Losses: each a small pure function of predictions and measurements that returns a scalar."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from idr_neus_plugins.core.engine import fused

OPACITY_MARGIN = 1e-3
"""Opacities are kept this far from 0 and 1 in the mask loss, as in the released NeuS: bounds its gradient."""


def rgb_l1(
    rgb: Float[Tensor, "rays 3"], image: Float[Tensor, "rays 3"], foreground: Float[Tensor, "rays 1"] | None = None
) -> Float[Tensor, ""]:
    """Colour error: absolute difference summed over channels, mean over rays (NeuS equation 16, as released).

    Args:
        foreground: where given, the mean is over the foreground only (weights in [0, 1]).
    """
    error = (rgb - image).abs().sum(dim=-1, keepdim=True)
    if foreground is None:
        return error.mean()
    return (error * foreground).sum() / (foreground.sum() + 1e-5)


def eikonal(gradients: Float[Tensor, "points 3"]) -> Float[Tensor, ""]:
    """Mean of ``(|gradient| - 1)^2`` (IDR equation 17); 0 without points."""
    if (engine := fused(gradients)) is not None:
        return engine.eikonal(gradients)
    squares = (gradients.norm(dim=-1) - 1.0) ** 2
    return squares.sum() / max(squares.numel(), 1)


def mask_bce(accumulation: Float[Tensor, "rays 1"], foreground: Float[Tensor, "rays 1"]) -> Float[Tensor, ""]:
    """Binary cross-entropy between the opacity of rays and the mask (NeuS equation 18)."""
    opacity = accumulation.clamp(OPACITY_MARGIN, 1.0 - OPACITY_MARGIN)
    return functional.binary_cross_entropy(opacity, foreground)


def normal_smoothness(pairs: Float[Tensor, "2 points 3"]) -> Float[Tensor, ""]:
    """Mean distance of the unit normals at surface points from those close by (UNISURF equation 11); 0 without points.

    Args:
        pairs: unit normals at the points, and at the points close by.
    """
    # Equal normals, as on a plane, have no direction of steepest ascent: the square root needs a little below it.
    distances = ((pairs[0] - pairs[1]).square().sum(dim=-1) + 1e-12).sqrt()
    return distances.sum() / max(distances.numel(), 1)


def surface_rgb_l1(
    rgb: Float[Tensor, "rays 3"], image: Float[Tensor, "rays 3"], seen: Float[Tensor, "rays 1"]
) -> Float[Tensor, ""]:
    """Colour error where a ray meets the surface within the mask, summed over channels, divided by the number of all
    rays (IDR equation 5, as released).

    Args:
        seen: 1 where the ray met the surface and the pixel is foreground, 0 elsewhere.
    """
    return ((rgb - image).abs() * seen).sum() / max(len(rgb), 1)


def soft_mask_bce(
    lowest_sdf: Float[Tensor, "rays 1"],
    foreground: Float[Tensor, "rays 1"],
    seen: Float[Tensor, "rays 1"],
    alpha: Float[Tensor, ""] | float,
) -> Float[Tensor, ""]:
    """Cross-entropy between the mask and the soft silhouette ``sigmoid(-alpha min_t f)``, divided by alpha (IDR
    equations 6 and 7). It speaks of the rays that the colour does not speak of.

    Args:
        lowest_sdf: of the sdf on each ray, scene units.
        seen: 1 where the colour loss counts, 0 elsewhere.
        alpha: sharpness of the silhouette, 1 / scene unit.
    """
    error = functional.binary_cross_entropy_with_logits(-alpha * lowest_sdf, foreground, reduction="none")
    return (error * (1.0 - seen)).sum() / (alpha * max(len(error), 1))
