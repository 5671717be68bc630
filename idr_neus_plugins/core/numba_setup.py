"""What all modules of Numba kernels share; imported by each of them, and so before Numba starts its threads."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from torch import Tensor

# Numba starts OpenMP threads of its own beside PyTorch's. By default both kinds spin while they wait and so keep each
# other off the cores: on a machine that has anything else to do, a step then takes 30 times longer (measured).
# Read when Numba loads its OpenMP, later than PyTorch has loaded its own.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

JIT: dict[str, Any] = dict(parallel=True, fastmath=True, cache=True, nogil=True)
INLINE: dict[str, Any] = dict(fastmath=True, cache=True, nogil=True, inline="always")


def as_array(tensor: Tensor) -> np.ndarray:
    """What a kernel takes; memory is shared where the tensor has no gaps."""
    return tensor.detach().contiguous().numpy()
