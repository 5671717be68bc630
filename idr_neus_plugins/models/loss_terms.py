"""The losses a method may name in its configuration, over what the model rendered and what the batch measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.core.losses import (
    eikonal,
    mask_bce,
    normal_smoothness,
    rgb_l1,
    soft_mask_bce,
    surface_rgb_l1,
)


@dataclass(frozen=True)
class RayTargets:
    """What the photographs say about a batch of rays."""

    image: Float[Tensor, "rays 3"]
    foreground: Float[Tensor, "rays 1"] | None
    """None where masks are absent or the method ignores them."""


LossTerm = Callable[[dict[str, Tensor], RayTargets], "Tensor | None"]
"""(model outputs, measurements) -> loss, or None where the batch does not allow it."""


def rgb(outputs: dict[str, Tensor], measured: RayTargets) -> Tensor:
    return rgb_l1(outputs["rgb"], measured.image, measured.foreground)


def mask(outputs: dict[str, Tensor], measured: RayTargets) -> Tensor | None:
    return None if measured.foreground is None else mask_bce(outputs["accumulation"], measured.foreground)


def eikonal_on_samples(outputs: dict[str, Tensor], measured: RayTargets) -> Tensor | None:
    gradients = outputs.get("gradients")  # an output of training steps only
    return None if gradients is None else eikonal(gradients)


def normals(outputs: dict[str, Tensor], measured: RayTargets) -> Tensor | None:
    pairs = outputs.get("normal_pairs")
    return None if pairs is None else normal_smoothness(pairs)


def surface_rgb(outputs: dict[str, Tensor], measured: RayTargets) -> Tensor:
    return surface_rgb_l1(outputs["rgb"], measured.image, _seen(outputs, measured))


def soft_mask(outputs: dict[str, Tensor], measured: RayTargets) -> Tensor | None:
    if measured.foreground is None or "lowest_sdf" not in outputs:  # an output of training steps only
        return None
    seen, alpha = _seen(outputs, measured), outputs["mask_alpha"]
    return soft_mask_bce(outputs["lowest_sdf"], measured.foreground, seen, alpha)


def _seen(outputs: dict[str, Tensor], measured: RayTargets) -> Tensor:
    """Where a surface ray tells a colour: it meets the surface, and the pixel is foreground."""
    # Training tells rays that start inside the solid from those that meet its surface; else both are opaque.
    met = outputs.get("on_surface", outputs["accumulation"])
    return met if measured.foreground is None else met * (measured.foreground > 0.5).to(met)


LOSS_TERMS: dict[str, LossTerm] = {
    "rgb": rgb,
    "mask": mask,
    "eikonal": eikonal_on_samples,
    "normals": normals,
    "surface_rgb": surface_rgb,
    "soft_mask": soft_mask,
}
