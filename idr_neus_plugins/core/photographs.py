"""The grey pictures of views, at the size that a comparison of photographs needs."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import normalize

from idr_neus_plugins.core.patches import TensorCamera, shrunk
from idr_neus_plugins.core.views import Views

NEIGHBOURS = 8
"""Views that are compared with one."""
ANGLES = (5.0, 45.0)
"""Degrees between the rays of a neighbour and of the reference. Flatter pairs do not tell depths, steeper ones see
another side."""


class Photographs(NamedTuple):
    """Views with their pictures; one that does not fill its picture is padded at the right and below."""

    intrinsics: Float[Tensor, "views 3 3"]
    poses: Float[Tensor, "views 3 4"]
    pictures: Float[Tensor, "views h w"]
    """Grey, in [0, 1]; pixel centres at half-integers."""
    sizes: Int[Tensor, "views 2"]
    """(height, width)."""

    @classmethod
    def of(cls, views: Views, longer_side: int) -> Photographs:
        """Shrunk by a whole factor until they have no more pixels across."""
        grey = views.intrinsics.new_tensor([0.299, 0.587, 0.114]) / 255.0
        level = math.ceil(max(views.images.shape[1:3]) / longer_side)
        pictures = torch.stack([shrunk(image.float() @ grey, level) for image in views.images])
        return cls(_scaled(views.intrinsics, level), views.camera_to_scene, pictures, views.sizes // level)

    @property
    def count(self) -> int:
        return len(self.poses)

    def shrunk(self, level: int) -> Photographs:
        pictures = torch.stack([shrunk(picture, level) for picture in self.pictures])
        return Photographs(_scaled(self.intrinsics, level), self.poses, pictures, self.sizes // level)

    def camera(self, view: int) -> TensorCamera:
        return TensorCamera(self.intrinsics[view], self.poses[view])

    def centre_ray(self, view: int, depth: float) -> Float[Tensor, " 3"]:
        """The point of that depth in the middle of a view's picture."""
        camera = self.camera(view)
        return camera.pose[:, 3] + depth * camera.directions(0.5 * self.sizes[view].flip(0).to(self.intrinsics))

    def neighbours(self, view: int, seen: Float[Tensor, " 3"]) -> Int[Tensor, " others"]:
        """Views that look from close by at a point that this one sees, the closest first."""
        towards = normalize(self.poses[:, :, 3] - seen, dim=1)
        angles = (towards @ towards[view]).clamp(-1.0, 1.0).acos()
        order = angles.argsort()
        low, high = (math.radians(bound) for bound in ANGLES)
        return order[(angles[order] >= low) & (angles[order] <= high)][:NEIGHBOURS]

    def homographies(
        self, view: int, others: Int[Tensor, " others"]
    ) -> tuple[Float[Tensor, "others 3 3"], Float[Tensor, "others 3"]]:
        """(A, e): a pixel p of the view with inverse depth d is seen at ``A p + d e`` in the others; float64."""
        inverse = torch.linalg.inv(self.intrinsics[view].double())
        pose, poses = self.poses[view].double(), self.poses[others].double()
        to_pixel = self.intrinsics[others].double() @ poses[:, :, :3].mT
        return to_pixel @ pose[:, :3] @ inverse, (to_pixel @ (pose[:, 3] - poses[:, :, 3])[..., None])[..., 0]


def _scaled(intrinsics: Float[Tensor, "views 3 3"], level: int) -> Float[Tensor, "views 3 3"]:
    return intrinsics / intrinsics.new_tensor([level, level, 1.0])[:, None]
