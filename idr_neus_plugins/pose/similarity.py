"""Poses of an object before a camera, ``x -> scale R x + t``, and small moves of them."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from nerfstudio.cameras.lie_groups import exp_map_SE3
from torch import Tensor


class Poses(NamedTuple):
    """Object to camera."""

    rotations: Float[Tensor, "poses 3 3"]
    translations: Float[Tensor, "poses 3"]
    """Of the object's origin, camera units."""
    scales: Float[Tensor, " poses"]
    """Camera units per object unit. An image does not tell: it is the same for all that have t / scale in common."""

    def take(self, which: Tensor) -> Poses:
        """Some of them, by index or by a mask."""
        return Poses(*(part[which] for part in self))

    def detach(self) -> Poses:
        return Poses(*(part.detach() for part in self))

    def points(self, points: Float[Tensor, "points 3"]) -> Float[Tensor, "poses points 3"]:
        """Object points before the camera."""
        turned = points @ self.rotations.mT
        return self.scales[:, None, None] * turned + self.translations[:, None]

    def moved(self, twists: Float[Tensor, "poses 6"], log_scales: Float[Tensor, " poses"]) -> Poses:
        """Moved by exp(twist) of se(3), written about the object's origin with the camera's axes: first the translation
        in units of the object, then the rotation vector. A turn then leaves the object where it is in the picture."""
        motions = exp_map_SE3(twists)
        return Poses(
            motions[:, :, :3] @ self.rotations,
            self.translations + self.scales[:, None] * motions[:, :, 3],
            self.scales * log_scales.exp(),
        )

    def rescaled(self, scales: Float[Tensor, " poses"]) -> Poses:
        """Of another size and at another distance, with the same image."""
        return Poses(self.rotations, self.translations * (scales / self.scales)[:, None], scales)

    @property
    def matrices(self) -> Float[Tensor, "poses 4 4"]:
        matrices = torch.eye(4, dtype=self.scales.dtype, device=self.scales.device).repeat(len(self.scales), 1, 1)
        matrices[:, :3, :3] = self.scales[:, None, None] * self.rotations
        matrices[:, :3, 3] = self.translations
        return matrices


def joined(poses: list[Poses]) -> Poses:
    return Poses(*(torch.cat(parts) for parts in zip(*poses, strict=True)))


def rotation_distances(
    first: Float[Tensor, "#poses 3 3"], second: Float[Tensor, "#poses 3 3"]
) -> Float[Tensor, " poses"]:
    """Angles between rotations, degrees; for choosing, not for scores: of poor accuracy below 0.1 degrees."""
    cosines = 0.5 * ((first * second).sum((1, 2)) - 1.0)
    return torch.rad2deg(torch.arccos(cosines.clamp(-1.0, 1.0)))
