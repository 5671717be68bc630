"""Whether the small steps of volume rendering run in plain PyTorch or in fused kernels."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import torch
from torch import Tensor


def fused(*tensors: Tensor) -> ModuleType | None:
    """:mod:`~idr_neus_plugins.core.fused` where it applies: to float32 on a CPU. None: plain PyTorch, on any device.

    The kernels have first derivatives only, as has what a training step needs.
    """
    if all(tensor.device.type == "cpu" and tensor.dtype == torch.float32 for tensor in tensors):
        return import_module("idr_neus_plugins.core.fused")  # with Numba, which commands at start-up must not wait for
    return None
