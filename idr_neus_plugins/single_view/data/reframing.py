"""Images turned and framed in other ways: photographs come from cameras that are not level, and are cut out anew."""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from idr_neus_plugins.single_view.data.shape_cache import ShapeQuery
from idr_neus_plugins.single_view.fields.conditioned import InputViews
from idr_neus_plugins.single_view.fields.pose import transformed
from idr_neus_plugins.single_view.fields.viewpoint import rolled
from idr_neus_plugins.single_view.reconstruction.framing import SILHOUETTE_SHARE
from idr_neus_plugins.single_view.shapes.photographs import FOCAL

ROLL = math.radians(15.0)
JITTER = 0.1
"""Of the framing: how much larger, smaller, or beside the middle."""


def reframed(query: ShapeQuery, truth: dict[str, Tensor], which: Bool[Tensor, " images"]):
    """The images of ``which`` turned by some degrees and framed around their silhouettes, as a photograph without a
    camera is (``framing.around_silhouette``). A car seen from the front is then as large as one from the side.

    Returns:
        The query and the truth; the pose is the one that shows the origin where the new image does, as large as there.
    """
    images = query.views.images
    angles = torch.where(which, (2 * torch.rand(len(images)) - 1).to(images) * ROLL, 0.0)
    zoom, middle = _framing(images[:, 3], angles, which)
    turn = rolled(angles)
    views = InputViews(
        _resampled(images, turn[:, :2, :2], zoom, middle),
        _image_change(turn, zoom, middle) @ query.views.projections,
    )
    pose = _changed_pose(truth["pose"], turn, zoom, middle)
    return query._replace(views=views), truth | {"pose": pose, "placed": transformed(query.surface, pose)}


def _framing(
    alpha: Tensor, angles: Tensor, which: Tensor
) -> tuple[Float[Tensor, " images"], Float[Tensor, "images 2"]]:
    """(zoom, what comes to the middle, ndc) of images that have been turned."""
    y, x = (torch.linspace(-1 + 1 / size, 1 - 1 / size, size).to(alpha) for size in alpha.shape[1:])
    places = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1).view(-1, 2)
    turned = places @ rolled(angles)[:, :2, :2].mT
    inside = (alpha > 0.5).flatten(1)[..., None]
    low = torch.where(inside, turned, 9.0).amin(1)
    high = torch.where(inside, turned, -9.0).amax(1)
    which = which & inside.any(1)[:, 0]
    size = (high - low).amax(1)
    jitter = 1 + JITTER * (2 * torch.rand(len(alpha), 3).to(alpha) - 1)
    zoom = torch.where(which, 2 * SILHOUETTE_SHARE / size.clamp(min=0.05) * jitter[:, 0], 1.0)
    middle = 0.5 * (low + high) + 0.5 * (jitter[:, 1:] - 1) * size[:, None]
    return zoom, torch.where(which[:, None], middle, 0.0)


def _resampled(images: Tensor, turn: Tensor, zoom: Tensor, middle: Tensor) -> Tensor:
    """Each pixel of the new images from where it was; colours at borders are those of the foreground alone."""
    back = turn.mT
    theta = torch.cat([back / zoom[:, None, None], (back @ middle[..., None])], 2)
    grid = functional.affine_grid(theta, list(images.shape), align_corners=False)
    covered = torch.cat([images[:, :3] * images[:, 3:], images[:, 3:]], 1)
    new = functional.grid_sample(covered, grid, align_corners=False)
    return torch.cat([new[:, :3] / new[:, 3:].clamp(min=1e-3), new[:, 3:]], 1).clamp(0.0, 1.0)


def _image_change(turn: Tensor, zoom: Tensor, middle: Tensor) -> Float[Tensor, "images 3 3"]:
    """ndc to new ndc: turned, then the middle subtracted, then zoomed."""
    change = turn.clone()
    change[:, :2, 2] = -middle
    return torch.cat([zoom[:, None, None] * change[:, :2], change[:, 2:]], 1)


def _changed_pose(pose: Tensor, turn: Tensor, zoom: Tensor, middle: Tensor) -> Float[Tensor, "images 3 4"]:
    turned, depth = turn @ pose, pose[:, 2:, 3]
    beside = turned[:, :2, 3] / depth - middle / (2 * FOCAL)
    place = torch.cat([beside * depth, depth / zoom[:, None]], 1)
    return torch.cat([turned[:, :, :3], place[..., None]], 2)
