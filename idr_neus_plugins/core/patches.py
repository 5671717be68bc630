"""Where small pieces of a surface are seen: patches of photographs, laid over each other through tangent planes.

A patch is a square of pixels around a point's projection in one view, the reference. Seen from another view, it is
warped by the surface's tangent plane there, and shifted until the two look alike (Lucas and Kanade 1981; Baker and
Matthews 2004). Both are normalised to mean 0 and norm 1, so that brightness and contrast do not count.

Images are grey, [h, w], pixel centres at half-integers; poses are camera-to-scene in OpenCV axes.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import avg_pool2d, grid_sample, pad

FLATTEST = 1e-2
"""Standard deviation of grey values within a patch, below which there is nothing to see (of 1)."""


class TensorCamera(NamedTuple):
    """One view."""

    intrinsics: Float[Tensor, "3 3"]
    pose: Float[Tensor, "3 4"]

    def project(self, points: Float[Tensor, "*n 3"]) -> Float[Tensor, "*n 2"]:
        """Pixels (x, y); infinite, and so outside of every image, for points that do not lie before the camera."""
        projected = (points - self.pose[:, 3]) @ (self.intrinsics @ self.pose[:, :3].mT).mT
        depths = projected[..., 2:]
        return torch.where(depths > 0, projected[..., :2] / depths, torch.inf)

    def directions(self, pixels: Float[Tensor, "*n 2"]) -> Float[Tensor, "*n 3"]:
        """Of depth 1, scene axes."""
        homogeneous = torch.cat([pixels, torch.ones_like(pixels[..., :1])], dim=-1)
        return homogeneous @ (self.pose[:, :3] @ torch.linalg.inv(self.intrinsics)).mT


class Alignment(NamedTuple):
    shifts: Float[Tensor, "patches 2"]
    """From where the point projects to where it is seen; pixels."""
    ncc: Float[Tensor, " patches"]
    """Normalised cross-correlation there, in [-1, 1]."""


def square_offsets(radius: int, spacing: float = 1.0) -> Float[Tensor, "pixels 2"]:
    """(x, y) of the pixels of a patch, relative to its centre."""
    axis = spacing * torch.arange(-radius, radius + 1.0)
    return torch.cartesian_prod(axis, axis).flip(1)


def tangent_patches(
    camera: TensorCamera,
    pixels: Float[Tensor, "patches 2"],
    points: Float[Tensor, "patches 3"],
    normals: Float[Tensor, "patches 3"],
    offsets: Float[Tensor, "pixels 2"],
) -> Float[Tensor, "patches pixels 3"]:
    """Points of the tangent planes that the camera sees in the pixels of each patch; NaN where it does not see the
    plane there, because the two meet behind the camera."""
    directions = camera.directions(pixels[:, None] + offsets)
    heights = ((points - camera.pose[:, 3]) * normals).sum(dim=1)
    depths = heights[:, None] / (directions * normals[:, None]).sum(dim=2)
    return camera.pose[:, 3] + directions * torch.where(depths > 0, depths, torch.nan)[:, :, None]


def align(
    reference: Float[Tensor, "patches pixels"],
    image: Float[Tensor, "h w"],
    places: Float[Tensor, "patches pixels 2"],
    shifts: Float[Tensor, "patches 2"],
    steps: int = 8,
    most: float = 1.0,
) -> Alignment:
    """Shifts ``places`` in the image until it looks there as ``reference`` does, by Gauss and Newton's method.

    Args:
        reference: grey values of the patches.
        shifts: to start from.
        most: length of one step, pixels.
    """
    layers = torch.stack([image, *gradients(image)])
    template = normalised(reference)
    for _ in range(steps):
        values, dx, dy = sample(layers, places + shifts[:, None]).unbind(dim=0)
        spread = _spread(values)
        slopes = torch.stack([dx, dy], dim=2) / spread[:, None, None]
        slopes = slopes - slopes.mean(dim=1, keepdim=True)
        own = normalised(values)
        residuals = own - template
        # A change of contrast is no residual: the norm is held.
        slopes = slopes - own[:, :, None] * (own[:, None] @ slopes)
        squared = slopes.mT @ slopes
        damping = 1e-3 * squared.diagonal(dim1=1, dim2=2).mean(dim=1) + 1e-12
        squared = squared + damping[:, None, None] * torch.eye(2).to(squared)
        step = -torch.linalg.solve(squared, (slopes.mT @ residuals[:, :, None]))[:, :, 0]
        shifts = shifts + step * (most / step.norm(dim=1, keepdim=True).clamp(min=most))
    values = sample(image[None], places + shifts[:, None])[0]
    ncc = (normalised(values) * template).sum(dim=1)
    return Alignment(shifts, torch.where(is_flat(values), -1.0, ncc))


def normalised(values: Float[Tensor, "patches pixels"]) -> Float[Tensor, "patches pixels"]:
    """Mean 0 and norm 1."""
    return (values - values.mean(dim=1, keepdim=True)) / _spread(values)[:, None]


def is_flat(values: Float[Tensor, "patches pixels"]) -> Bool[Tensor, " patches"]:
    """Whether there is nothing to see in a patch."""
    return _spread(values) <= FLATTEST * values.shape[1] ** 0.5


def _spread(values: Float[Tensor, "patches pixels"]) -> Float[Tensor, " patches"]:
    return (values - values.mean(dim=1, keepdim=True)).norm(dim=1).clamp(min=1e-6)


def sample(layers: Float[Tensor, "layers h w"], pixels: Float[Tensor, "n m 2"]) -> Float[Tensor, "layers n m"]:
    """Bilinear; the border's values outside."""
    height, width = layers.shape[1:]
    places = 2.0 * pixels / pixels.new_tensor([width, height]) - 1.0
    return grid_sample(layers[None], places[None], padding_mode="border", align_corners=False)[0]


def shrunk(picture: Float[Tensor, "h w"], level: int) -> Float[Tensor, "_h _w"]:
    """Means of squares of ``level`` pixels on a side."""
    return avg_pool2d(picture[None], level)[0] if level > 1 else picture


def gradients(image: Float[Tensor, "h w"]) -> tuple[Float[Tensor, "h w"], Float[Tensor, "h w"]]:
    """Central differences along x and y."""
    padded = pad(image[None, None], (1, 1, 1, 1), mode="replicate")[0, 0]
    return 0.5 * (padded[1:-1, 2:] - padded[1:-1, :-2]), 0.5 * (padded[2:, 1:-1] - padded[:-2, 1:-1])


def cornerness(image: Float[Tensor, "h w"], radius: int) -> Float[Tensor, "h w"]:
    """The smaller eigenvalue of the gradients' covariance around each pixel (Shi and Tomasi 1994)."""
    dx, dy = gradients(image)
    products = torch.stack([dx * dx, dx * dy, dy * dy])[None]
    xx, xy, yy = avg_pool2d(products, 2 * radius + 1, stride=1, padding=radius)[0]
    return 0.5 * (xx + yy) - (0.25 * (xx - yy).square() + xy.square()).sqrt()


def best_of_cells(score: Float[Tensor, "h w"], allowed: Bool[Tensor, "h w"], cell: int) -> Float[Tensor, "pixels 2"]:
    """The centre (x, y) of the allowed pixel of highest score in each square cell that has one."""
    height, width = (cell * (size // cell) for size in score.shape)
    masked = torch.where(allowed, score, -torch.inf)[:height, :width]
    cells = masked.view(height // cell, cell, width // cell, cell).transpose(1, 2).flatten(2)
    best, where = cells.max(dim=2)
    rows, columns = best.isfinite().nonzero(as_tuple=True)
    where = where[rows, columns]
    return torch.stack([columns * cell + where % cell, rows * cell + where // cell], dim=1).float() + 0.5
