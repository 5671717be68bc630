"""What a conditioned field learns from: distances, insides, colours and cameras of known shapes."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from idr_neus_plugins.single_view.fields.viewpoint import surprise

NEAR_WEIGHT, NEAR = 4.0, 0.01
"""DISN's weight of points at most this far outside of the surface, and of those inside."""

ShapeLoss = Callable[[dict[str, Tensor], dict[str, Tensor]], Tensor]
"""(outputs, truth) of ``SingleViewModel`` -> loss."""


def sdf(outputs: dict[str, Tensor], truth: dict[str, Tensor]) -> Tensor:
    """DISN's equation 2: absolute error, heavier near and inside; up to the scale of the distances."""
    error = (outputs["sdf"] - truth["sdf"]).abs()
    return torch.where(truth["sdf"] <= NEAR, NEAR_WEIGHT * error, error).mean()


def occupancy(outputs: dict[str, Tensor], truth: dict[str, Tensor]) -> Tensor:
    """Cross-entropy of being inside (Occupancy Networks, equation 3)."""
    inside = (truth["sdf"] < 0).to(outputs["sdf"])
    return functional.binary_cross_entropy_with_logits(outputs["logits"], inside)


def color(outputs: dict[str, Tensor], truth: dict[str, Tensor]) -> Tensor:
    """Squared error of the colours of surface points: where the image does not show them, their mean is the best guess
    (and what a PSNR counts)."""
    return (outputs["rgb"] - truth["colors"]).square().mean()


def pose(outputs: dict[str, Tensor], truth: dict[str, Tensor]) -> Tensor:
    """Mean distance, before the camera, between the shape's points under the guessed and the true camera (DISN)."""
    return (outputs["placed"] - truth["placed"]).norm(dim=2).mean()


def view(outputs: dict[str, Tensor], truth: dict[str, Tensor]) -> Tensor:
    """Cross-entropy of azimuth, elevation and roll of the true camera."""
    return surprise(outputs["views"], truth["pose"][:, :, :3]).mean()


SHAPE_LOSSES: dict[str, ShapeLoss] = {
    "sdf": sdf,
    "occupancy": occupancy,
    "color": color,
    "pose": pose,
    "view": view,
}
