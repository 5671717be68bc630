"""All shapes of a split in memory, in the few bytes that their truth needs, and batches drawn from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Float16, Int, UInt8
from torch import Tensor

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.single_view.data.shape_set import ShapeEntry
from idr_neus_plugins.single_view.fields.conditioned import InputViews
from idr_neus_plugins.single_view.fields.pixel_features import ndc_projection
from idr_neus_plugins.single_view.fields.pose import inverted, transformed

TRUTH = ("points", "sdf", "surface", "colors")


class ShapeQuery(NamedTuple):
    """Points to be asked, and what for: a model's input in training."""

    views: InputViews
    points: Float[Tensor, "images points 3"]
    """Whose signed distance is known."""
    surface: Float[Tensor, "images samples 3"]
    """Points on the surface, whose colour is known."""


@dataclass(frozen=True)
class ShapeCache:
    images: UInt8[Tensor, "shapes views 4 h w"]
    projections: Float[Tensor, "shapes views 3 4"]
    poses: Float[Tensor, "shapes views 3 4"]
    """Scene to camera, OpenCV axes."""
    points: Float16[Tensor, "shapes points 3"]
    sdf: Float16[Tensor, "shapes points"]
    surface: Float16[Tensor, "shapes samples 3"]
    colors: UInt8[Tensor, "shapes samples 3"]

    @classmethod
    def load(cls, entries: list[ShapeEntry], progress: Callable[[], None] = lambda: None) -> ShapeCache:
        """Raises UserError for shapes whose images or samples do not fit together."""
        rows = []
        for entry in entries:
            rows.append(_load(entry))
            progress()
        names = list(rows[0])
        for entry, row in zip(entries, rows, strict=True):
            if wrong := [name for name in names if row[name].shape != rows[0][name].shape]:
                raise UserError(f"{entry.folder}: {', '.join(wrong)} differ in size from those of the first shape.")
        return cls(**{name: torch.from_numpy(np.stack([row[name] for row in rows])) for name in names})

    def to(self, device: torch.device | str) -> ShapeCache:
        return ShapeCache(**{name: value.to(device) for name, value in vars(self).items()})

    def views(self, shapes: Int[Tensor, " images"], views: Int[Tensor, " images"]) -> InputViews:
        return InputViews(self.images[shapes, views].float() / 255.0, self.projections[shapes, views])

    def draw(self, images: int, points: int, surface_points: int) -> tuple[ShapeQuery, dict[str, Tensor]]:
        """Random shapes and views with random points of each, and the truth.

        ``sdf`` [images, points]; ``colors`` of the surface points and ``placed``, where these are before the camera
        (OpenCV axes), both [images, samples, 3]; ``pose`` [images, 3, 4], scene to camera.
        """
        shapes, device = torch.randint(len(self.images), (images,)), self.images.device
        views = torch.randint(self.images.shape[1], (images,))
        near = torch.randint(self.points.shape[1], (images, points))
        on = torch.randint(self.surface.shape[1], (images, surface_points))
        shapes, views, near, on = (index.to(device) for index in (shapes, views, near, on))
        row = shapes[:, None]
        surface, pose = self.surface[row, on].float(), self.poses[shapes, views]
        truth = {
            "sdf": self.sdf[row, near].float(),
            "colors": self.colors[row, on].float() / 255.0,
            "placed": transformed(surface, pose),
            "pose": pose,
        }
        return ShapeQuery(self.views(shapes, views), self.points[row, near].float(), surface), truth


def _load(entry: ShapeEntry) -> dict[str, np.ndarray]:
    from PIL import Image

    samples = entry.arrays("intrinsics", "camera_to_scene", *TRUTH)
    images = np.stack([np.asarray(Image.open(path).convert("RGBA")) for path in entry.images])
    if len(images) != len(samples["camera_to_scene"]):
        raise UserError(f"{entry.folder} has {len(images)} images and {len(samples['camera_to_scene'])} cameras.")
    height, width = images.shape[1:3]
    intrinsics, poses = (torch.from_numpy(samples[name]) for name in ("intrinsics", "camera_to_scene"))
    return {
        "images": images.transpose(0, 3, 1, 2),
        "projections": ndc_projection(intrinsics, poses, (height, width)).numpy(),
        "poses": inverted(poses).numpy(),
        **{name: samples[name] for name in TRUTH},
    }
