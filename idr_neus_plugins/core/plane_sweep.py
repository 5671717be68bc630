"""Where along the rays of a photograph other photographs show the same: a sweep of planes (Collins 1996).

At each distance along a pixel's ray lies a plane. Through it the patch around the pixel is laid over the other views,
and where it looks there as it does here, a surface of that slope may lie (normalised cross-correlation, so that
brightness and contrast do not count; planes that follow the surface's slope, as in Gallup et al. 2007).

Images are grey, [h, w], pixel centres at half-integers; poses are camera-to-scene in OpenCV axes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import normalize

from idr_neus_plugins.core.patches import (
    FLATTEST,
    TensorCamera,
    is_flat,
    normalised,
    sample,
    square_offsets,
    tangent_patches,
)


class Photographs(NamedTuple):
    """Views with their pictures; one that does not fill its picture is padded at the right and below."""

    intrinsics: Float[Tensor, "views 3 3"]
    poses: Float[Tensor, "views 3 4"]
    pictures: Float[Tensor, "views h w"]
    sizes: Int[Tensor, "views 2"]
    """(height, width)."""

    def camera(self, view: int) -> TensorCamera:
        return TensorCamera(self.intrinsics[view], self.poses[view])


class Patches(NamedTuple):
    """Pieces of a surface as one view, the reference, sees them."""

    reference: int
    pixels: Float[Tensor, "patches 2"]
    normals: Float[Tensor, "patches 3"]
    """Unit, scene axes."""
    radius: int
    """A patch has ``2 * radius + 1`` pixels on a side."""


def sweep(
    photographs: Photographs,
    patches: Patches,
    others: Int[Tensor, " others"],
    distances: Float[Tensor, "patches planes"],
    best: int,
) -> Float[Tensor, "patches planes"]:
    """Likeness in [-1, 1] of each patch on planes at ``distances`` along its ray: the mean over the ``best`` of the
    ``others``, so that views from which something hides the patch have no say. -1 where it shows nothing, and where a
    pixel of the patch would lie behind its own camera or another one.

    By a compiled kernel on CPUs.
    """
    if distances.device.type != "cpu":
        return sweep_reference(photographs, patches, others, distances, best)
    from idr_neus_plugins.core import plane_sweep_kernel

    template = _template(photographs, patches)
    camera, views = photographs.camera(patches.reference), others.tolist()
    to_ray = (camera.pose[:, :3] @ torch.linalg.inv(camera.intrinsics)).double()
    to_pixel = photographs.intrinsics[others].double() @ photographs.poses[others, :, :3].mT.double()
    apart = camera.pose[:, 3].double() - photographs.poses[others, :, 3].double()
    units = normalize(camera.directions(patches.pixels), dim=1)
    slopes = (units * patches.normals).sum(dim=1, keepdim=True)
    arguments = (
        photographs.pictures[others],
        photographs.sizes[others],
        to_pixel @ to_ray,
        (to_pixel @ apart[:, :, None])[:, :, 0],
        patches.normals.double() @ to_ray,
        (slopes * distances).double(),
        patches.pixels.double(),
        square_offsets(patches.radius).double(),
        normalised(template),
    )
    out = np.full(distances.shape, -1.0, np.float32)
    least = FLATTEST * template.shape[1] ** 0.5
    arrays = [part.detach().contiguous().numpy() for part in arguments]
    kernel: Any = plane_sweep_kernel.sweep  # compiled: a type checker knows nothing of its arguments
    kernel(*arrays, least, min(best, len(views)), out)
    return torch.from_numpy(out).masked_fill_(is_flat(template)[:, None], -1.0)


def sweep_reference(
    photographs: Photographs,
    patches: Patches,
    others: Int[Tensor, " others"],
    distances: Float[Tensor, "patches planes"],
    best: int,
) -> Float[Tensor, "patches planes"]:
    """The same in plain PyTorch, on any device."""
    template, camera = _template(photographs, patches), photographs.camera(patches.reference)
    count, planes = distances.shape
    offsets = square_offsets(patches.radius).to(distances)
    units = normalize(camera.directions(patches.pixels), dim=1)
    points = (camera.pose[:, 3] + distances[:, :, None] * units[:, None]).flatten(0, 1)
    pixels, normals = (part.repeat_interleave(planes, dim=0) for part in (patches.pixels, patches.normals))
    planes_seen = tangent_patches(camera, pixels, points, normals, offsets)
    scores = []
    for view in others.tolist():
        other = photographs.camera(view)
        places = other.project(planes_seen)
        values = sample(photographs.pictures[view][None], places)[0]
        ncc = (normalised(values).unflatten(0, (count, planes)) * normalised(template)[:, None]).sum(dim=2)
        middle = other.project(points)
        within = ((middle > 0) & (middle < photographs.sizes[view].flip(0))).all(dim=1)
        in_front = places.isfinite().flatten(1).all(dim=1)
        shown = (within & in_front & ~is_flat(values)).view(count, planes)
        scores.append(torch.where(shown, ncc, -1.0))
    mean = torch.stack(scores).topk(min(best, len(scores)), dim=0).values.mean(dim=0)
    return mean.masked_fill(is_flat(template)[:, None], -1.0)


def warm_up(device: torch.device | str) -> None:
    """Compiles the kernel, or loads it from the disk cache: a time budget must not pay for that."""
    one = torch.ones(1, 1, device=device)
    pose = torch.eye(4, device=device)[None, :3]
    view = Photographs(pose[:, :, :3], pose, torch.zeros(1, 4, 4, device=device), torch.tensor([[4, 4]], device=device))
    patches = Patches(0, one.expand(1, 2), pose[:, :, 2], 1)
    sweep(view, patches, torch.zeros(1, dtype=torch.long, device=device), one, 1)


def best_plane(
    ncc: Float[Tensor, "patches planes"], distances: Float[Tensor, "patches planes"]
) -> tuple[Float[Tensor, " patches"], Float[Tensor, " patches"]]:
    """Distance and ncc of the best of evenly spaced planes, placed between them by a parabola.

    The best of all is no maximum where it is the first or the last one: its ncc is -1 then.
    """
    highest, where = ncc.max(dim=1)
    inner = where.clamp(1, ncc.shape[1] - 2)
    before, at, after = (ncc.gather(1, (inner + k)[:, None])[:, 0] for k in (-1, 0, 1))
    bend = (before - 2.0 * at + after).clamp(max=-1e-6)
    shift = (0.5 * (before - after) / bend).clamp(-0.5, 0.5)
    step = distances[:, 1] - distances[:, 0]
    found = distances.gather(1, inner[:, None])[:, 0] + shift * step
    return found, torch.where(where == inner, highest, -1.0)


def _template(photographs: Photographs, patches: Patches) -> Float[Tensor, "patches pixels"]:
    offsets = square_offsets(patches.radius).to(patches.pixels)
    return sample(photographs.pictures[patches.reference][None], patches.pixels[:, None] + offsets)[0]
