"""Several processes that train one scene together.

DistributedDataParallel averages gradients while they are computed, in buckets of a size fixed at the start. Grids grow,
some engines write their gradients past it, and only the rows that a step touches matter; so they are left out of it and
meet here, in the optimiser's step.
"""

from __future__ import annotations

import torch.distributed as dist
from jaxtyping import Float, Int, UInt8
from torch import Tensor


def processes() -> int:
    """Number of processes that train together; 1 for an ordinary training."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def unite_marks(marks: UInt8[Tensor, "words 8"]) -> None:
    """Marks, in every process, what any of them has marked."""
    if processes() > 1:
        dist.all_reduce(marks, dist.ReduceOp.MAX)


def average_rows(values: Float[Tensor, "rows channels"], nodes: Int[Tensor, " nodes"]) -> None:
    """Replaces the listed rows by their mean over the processes, which must all list the same."""
    count = processes()
    if count > 1 and len(nodes):
        chosen = nodes.long()
        mean = values[chosen] / count
        dist.all_reduce(mean)
        values[chosen] = mean
