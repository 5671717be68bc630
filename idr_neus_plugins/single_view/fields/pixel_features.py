"""Where points lie in the image that conditions a field, and what its feature maps say there.

Names: *ndc* are image coordinates that run from -1 to 1 between the outer borders of the first and the last pixel, x to
the right and y down, whatever the resolution; a *projection* [3, 4] takes scene points to homogeneous ndc.
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from idr_neus_plugins.single_view.fields.pose import inverted


def ndc_projection(
    intrinsics: Float[Tensor, "images 3 3"], camera_to_scene: Float[Tensor, "images 3 4"], size: tuple[int, int]
) -> Float[Tensor, "images 3 4"]:
    """Projections of pinhole cameras (OpenCV axes, pixel centres at half-integers) with images of (height, width).

    Their last row is that of the depth along the optical axis, scene units.
    """
    height, width = size
    ndc_from_pixels = intrinsics.new_tensor([[2.0 / width, 0.0, -1.0], [0.0, 2.0 / height, -1.0], [0.0, 0.0, 1.0]])
    return ndc_from_pixels @ intrinsics @ inverted(camera_to_scene)


def project(
    points: Float[Tensor, "images points 3"], projection: Float[Tensor, "images 3 4"]
) -> tuple[Float[Tensor, "images points 2"], Float[Tensor, "images points 1"]]:
    """(ndc, depth) of scene points; points behind the camera land far outside of the image."""
    homogeneous = points @ projection[:, :, :3].mT + projection[:, None, :, 3]
    depth = homogeneous[..., 2:]
    return homogeneous[..., :2] / depth.clamp(min=1e-3), depth


def pixel_aligned(
    maps: Float[Tensor, "images channels h w"], ndc: Float[Tensor, "images points 2"]
) -> Float[Tensor, "images points channels"]:
    """Bilinear look-up; beyond the border the nearest pixel's value."""
    grid = ndc.clamp(-2.0, 2.0)[:, :, None]
    sampled = functional.grid_sample(maps, grid, mode="bilinear", padding_mode="border", align_corners=False)
    return sampled[..., 0].mT
