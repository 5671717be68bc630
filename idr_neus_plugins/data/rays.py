"""Rays of pinhole cameras, at a third of the time of nerfstudio's general ray generator."""

from __future__ import annotations

import torch
from jaxtyping import Int
from nerfstudio.cameras.cameras import Cameras
from nerfstudio.cameras.rays import RayBundle
from nerfstudio.model_components.ray_generators import RayGenerator
from torch import Tensor, nn

from idr_neus_plugins.data.views import are_pinhole, pinhole_matrices


def ray_generator(cameras: Cameras) -> nn.Module:
    """(camera, row, column) -> RayBundle: the fast form where the cameras allow it, nerfstudio's otherwise."""
    plain = are_pinhole(cameras) and cameras.times is None and not cameras.metadata
    return PinholeRayGenerator(cameras) if plain else RayGenerator(cameras)


class PinholeRayGenerator(nn.Module):
    """Direction of pixel (x, y) of camera c is ``(R K^-1)[c] @ (x + 0.5, y + 0.5, 1)``, normalised."""

    per_camera: Tensor

    def __init__(self, cameras: Cameras):
        super().__init__()
        intrinsics, camera_to_scene = pinhole_matrices(cameras)
        to_scene = camera_to_scene[:, :, :3].double() @ torch.linalg.inv(intrinsics.double())
        to_scene[:, :, 2] += 0.5 * (to_scene[:, :, 0] + to_scene[:, :, 1])
        per_camera = torch.cat([to_scene.float(), camera_to_scene[:, :, 3:]], dim=2)
        self.register_buffer("per_camera", per_camera, persistent=False)

    @torch.no_grad()
    def forward(self, indices: Int[Tensor, "rays 3"]) -> RayBundle:
        column_x, column_y, corner, origins = self.per_camera[indices[:, 0]].unbind(dim=2)
        pixels = indices[:, 1:].to(origins.dtype)
        unscaled = torch.addcmul(corner, column_x, pixels[:, 1:]).addcmul_(column_y, pixels[:, :1])
        norms = unscaled.norm(dim=1, keepdim=True)
        # Solid angle of a pixel at distance 1: its area on the plane of depth 1, times the cosine cubed.
        area = column_x.norm(dim=1, keepdim=True) * column_y.norm(dim=1, keepdim=True) / norms**3
        return RayBundle(
            origins=origins,
            directions=unscaled / norms,
            pixel_area=area,
            camera_indices=indices[:, :1],
            metadata={"directions_norm": norms},
        )
