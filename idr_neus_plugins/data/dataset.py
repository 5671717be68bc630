"""Images with soft foreground masks, under a name that leaves pixel sampling alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from nerfstudio.data.dataparsers.base_dataparser import DataparserOutputs
from nerfstudio.data.datasets.base_dataset import InputDataset
from torch import Tensor

from idr_neus_plugins.data.files import read_pixels
from idr_neus_plugins.data.foreground import read_foreground


class SurfaceDataset(InputDataset):
    """Items: "image" [h, w, 3] and, where the scene has masks, "foreground" [h, w, 1], both float in [0, 1].

    Masks come from ``metadata["foreground_filenames"]`` or, with ``metadata["foreground_in_alpha"]``, from the images'
    alpha channel; colours are never multiplied with it. The key is not "mask", because nerfstudio draws training rays
    only where a key of that name is set, and the mask loss needs rays of the background.
    """

    exclude_batch_keys_from_device: list[str] = ["image", "foreground"]

    def __init__(self, dataparser_outputs: DataparserOutputs, scale_factor: float = 1.0):
        super().__init__(dataparser_outputs, scale_factor)
        self._masks: list[Path] | None = self.metadata.get("foreground_filenames")
        self._shrink = self.metadata.get("shrink", 1.0) / scale_factor

    @property
    def has_foreground(self) -> bool:
        return self._masks is not None or self.metadata.get("foreground_in_alpha", False)

    def get_numpy_image(self, image_idx: int) -> UInt8[np.ndarray, "h w 3"]:
        """Colours at the camera's size. Raises UserError for an image that cannot be read."""
        return read_pixels(self.image_filenames[image_idx], "RGB", self._size(image_idx), self._shrink)

    def get_numpy_foreground(self, image_idx: int) -> UInt8[np.ndarray, "h w"]:
        """Foreground at the camera's size, 0 to 255."""
        mask = self._masks[image_idx] if self._masks is not None else None
        return read_foreground(self.image_filenames[image_idx], mask, self._size(image_idx), self._shrink)

    def get_metadata(self, data: dict) -> dict[str, Float[Tensor, "h w 1"]]:
        if not self.has_foreground:
            return {}
        foreground = torch.from_numpy(self.get_numpy_foreground(data["image_idx"]))
        return {"foreground": foreground[..., None].float() / 255.0}

    def _size(self, image_idx: int) -> tuple[int, int]:
        camera = self.cameras[image_idx]
        return int(camera.height), int(camera.width)
