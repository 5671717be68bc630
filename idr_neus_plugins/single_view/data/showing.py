"""Photographs that travel with their cameras to the model, which is to show what it makes of them."""

from __future__ import annotations

import torch
from nerfstudio.cameras.cameras import Cameras
from nerfstudio.data.utils.dataloaders import FixedIndicesEvalDataloader

PHOTOGRAPH = "photograph"
"""Key of a camera's metadata: RGBA [1, h, w, 4] in [0, 1], straight alpha."""


class ShowingDataloader(FixedIndicesEvalDataloader):
    """Held-out images one by one. nerfstudio hands the model their cameras alone, so these carry them."""

    def get_camera(self, image_idx: int = 0) -> tuple[Cameras, dict]:
        camera, batch = super().get_camera(image_idx)
        camera.metadata = {PHOTOGRAPH: torch.cat([batch["image"].cpu(), batch["foreground"].cpu()], dim=2)[None]}
        return camera, batch
