"""The visual hull as a distance: where masks deny the object, there is no surface."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import grid_sample

from idr_neus_plugins.core.views import Views
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.crop import CropSolid

TOLERANCE_PX = 2.0
"""Silhouettes are widened by this before they cut: masks end within a pixel or two of the object's edge."""


class SilhouetteHull(CropSolid):
    """Inside of all silhouettes. Views in which a point is not seen say nothing on it.

    Its distance is that of the silhouettes in the images, times depth over focal length: continuous, so that the cut
    is smooth and the mesh stays closed.
    """

    def __init__(self, views: Views, tolerance_px: float = TOLERANCE_PX):
        if views.masks is None:
            raise UserError("Culling by the visual hull needs foreground masks, and the scene has none.")
        if not views.is_pinhole:
            raise UserError("Culling by the visual hull needs undistorted images: these cameras have lens distortion.")
        self.views, self.tolerance_px = views, tolerance_px
        masks = zip(views.masks.cpu().numpy(), views.sizes.tolist(), strict=True)
        self.distances = [torch.from_numpy(_signed_distance(mask[:h, :w])) for mask, (h, w) in masks]

    @property
    def bounds(self) -> np.ndarray:
        return np.array([[-np.inf] * 3, [np.inf] * 3])

    def sdf(self, positions: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
        value = torch.full((len(positions),), -torch.inf, device=positions.device)
        for view in range(len(self.distances)):
            value = torch.maximum(value, self._of_view(view, positions))
        return value

    def _of_view(self, view: int, positions: Tensor) -> Tensor:
        pose, intrinsics = self.views.camera_to_scene[view].to(positions), self.views.intrinsics[view].to(positions)
        in_camera = (positions - pose[:, 3]) @ pose[:, :3]
        depth = in_camera[:, 2].clamp(min=1e-6)
        height, width = self.distances[view].shape
        places = 2 * (in_camera @ intrinsics.T)[:, :2] / depth[:, None] / positions.new_tensor([width, height]) - 1
        image = self.distances[view].to(positions)[None, None]
        pixels = grid_sample(image, places[None, None], align_corners=False, padding_mode="border")[0, 0, 0]
        seen = (in_camera[:, 2] > 0) & (places.abs() <= 1).all(1)
        away = (pixels - self.tolerance_px) * depth / intrinsics[0, 0]
        return torch.where(seen, away, torch.full_like(away, -torch.inf))


def _signed_distance(mask: np.ndarray) -> np.ndarray:
    """Pixels to the silhouette's edge [height, width] float32, negative on the foreground."""
    from scipy.ndimage import distance_transform_edt

    inside, outside = (np.asarray(distance_transform_edt(part)) for part in (mask, ~mask))
    return (np.where(mask, 0.5 - inside, outside - 0.5)).astype(np.float32)
