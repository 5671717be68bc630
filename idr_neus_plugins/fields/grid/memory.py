"""Memory for large grids."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor

SMALL = 1 << 22
"""Bytes below which ordinary pages do."""


def grid_zeros(shape: Sequence[int], device: torch.device) -> Tensor:
    """As ``torch.zeros`` in float32; on a CPU under Linux in huge pages, which neither it nor ``numpy.zeros`` asks for.

    What is read here and there in a fine grid lies on another small page each time, and looking up where that is costs
    more than the reading. Pages that nobody writes to take no memory.
    """
    size = 4 * prod(shape)
    if device.type != "cpu" or size < SMALL or not hasattr(mmap, "MADV_HUGEPAGE"):
        return torch.zeros(tuple(shape), device=device)
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(mmap.MADV_HUGEPAGE)
    return torch.frombuffer(memory, dtype=torch.float32).view(tuple(shape))


def grid_grad(parameter: Tensor) -> Tensor:
    """The gradient of a grid's values, for a backward pass to add to in place; zeros where there is none yet.

    It is allocated once: a fresh dense gradient of a fine grid would cost more than all else in a step. (Consequence:
    gradients bypass DistributedDataParallel; see ``processes.py``.)
    """
    if parameter.grad is None:
        parameter.grad = grid_zeros(parameter.shape, parameter.device)
    return parameter.grad
