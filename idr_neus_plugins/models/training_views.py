"""What parts of a model may see of the photographs before training starts."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from nerfstudio.cameras.cameras import Cameras
from torch import Tensor

from idr_neus_plugins.data.dataset import SurfaceDataset
from idr_neus_plugins.fields.part import TrainingViews


def training_views(dataset: SurfaceDataset) -> TrainingViews:
    """Projections and masks of a data set; masks are read only when asked for."""
    return TrainingViews(projections(dataset.cameras), _Masks(dataset) if dataset.has_foreground else None)


def projections(cameras: Cameras) -> Float[Tensor, "views 3 4"]:
    """Scene to pixel matrices of nerfstudio's cameras (OpenGL axes: y up, looking along -z)."""
    rotation, position = cameras.camera_to_worlds[:, :, :3], cameras.camera_to_worlds[:, :, 3:]
    to_camera = (rotation * torch.tensor([1.0, -1.0, -1.0])).transpose(1, 2)
    extrinsics = torch.cat([to_camera, -to_camera @ position], dim=2)
    return cameras.get_intrinsics_matrices() @ extrinsics


class _Masks(Sequence):
    def __init__(self, dataset: SurfaceDataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Float[Tensor, "height width"]:
        if not 0 <= index < len(self):
            raise IndexError(index)
        return torch.from_numpy(self.dataset.get_numpy_foreground(index)).float() / 255.0
