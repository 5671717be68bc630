"""Hiding the rendering while a mesh is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from nerfstudio.cameras.cameras import Cameras
from torch import Tensor

FAR = 1e3
"""Depth of the empty picture, scene units: whatever the browser draws stands before it."""


class BlankRendering:
    """The model as nerfstudio's viewer renders it. While it is drawn, views are empty and cost nothing."""

    def __init__(self, model: Any, is_drawn: Callable[[], bool]) -> None:
        self._model, self._is_drawn = model, is_drawn
        self._channels = {"rgb": 3, "accumulation": 1, "depth": 1, "normals": 3}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def get_outputs_for_camera(self, camera: Cameras, obb_box: Any = None) -> dict[str, Tensor]:
        """As the model's, or black, far away, with the same names."""
        if not self._is_drawn():
            outputs = self._model.get_outputs_for_camera(camera, obb_box=obb_box)
            self._channels |= {name: value.shape[-1] for name, value in outputs.items()}
            return outputs
        shape = (int(camera.height.flatten()[0]), int(camera.width.flatten()[0]))
        nothing = torch.zeros(*shape, 1, device=camera.device)
        empty = {name: nothing.expand(*shape, channels) for name, channels in self._channels.items()}
        return empty | {"depth": nothing + FAR}
