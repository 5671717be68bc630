"""Optimisers' states without their zeros: training concerns a band of a grid, and Adam's averages are 0 elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

WORTH_IT = 0.9
"""Tensors with a larger share of other numbers than zeros stay as they are."""


def pack(state: Any) -> Any:
    """Nested dictionaries and lists with every mostly zero tensor replaced by its other numbers and their places."""
    if isinstance(state, Tensor):
        return _pack(state)
    if isinstance(state, dict):
        return {key: pack(value) for key, value in state.items()}
    return [pack(value) for value in state] if isinstance(state, list) else state


def unpack(state: Any) -> Any:
    """The inverse of ``pack``, exactly; on the CPU. What was never packed stays as it is."""
    if isinstance(state, dict):
        return _unpack(**state) if "packed_shape" in state else {key: unpack(value) for key, value in state.items()}
    return [unpack(value) for value in state] if isinstance(state, list) else state


# NumPy picks single numbers out of large arrays several times faster than PyTorch does.


def _pack(tensor: Tensor) -> Tensor | dict[str, Any]:
    numbers = tensor.cpu().numpy()
    is_other = numbers != 0
    if tensor.dim() == 0 or np.count_nonzero(is_other) > WORTH_IT * tensor.numel():
        return tensor
    places = torch.from_numpy(np.packbits(is_other))  # a bit each, the last axis fastest
    return {"packed_shape": list(tensor.shape), "places": places, "values": torch.from_numpy(numbers[is_other])}


def _unpack(packed_shape: list[int], places: Tensor, values: Tensor) -> Tensor:
    tensor = torch.zeros(packed_shape, dtype=values.dtype)
    is_other = np.unpackbits(places.numpy(), count=tensor.numel()).view(bool).reshape(packed_shape)
    tensor.numpy()[is_other] = values.numpy()
    return tensor
