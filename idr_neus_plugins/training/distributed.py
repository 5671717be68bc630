"""One scene on several devices, by PyTorch's DistributedDataParallel (DDP): what the processes have in common."""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from idr_neus_plugins.fields.grid.lattice_values import LatticeParameter
from idr_neus_plugins.fields.grid.processes import processes


def agreed(value: float, device: torch.device | str) -> float:
    """The first process's value, in all of them: clocks differ, and all must change and stop at the same step."""
    if processes() == 1:
        return value
    shared = torch.tensor([value], dtype=torch.float64, device=device)
    dist.broadcast(shared, src=0)
    return float(shared)


def in_parallel(model: nn.Module, device: torch.device | str) -> DistributedDataParallel:
    """The model, whose gradients are averaged over the processes after every backward pass.

    Grids are left out: their optimiser averages them itself (see ``fields/grid/processes``). They start alike in every
    process, because their starts are not random.
    """
    grids = [name for name, parameter in model.named_parameters() if isinstance(parameter, LatticeParameter)]
    # Not in PyTorch's public interface, and the only way to leave parameters out.
    DistributedDataParallel._set_params_and_buffers_to_ignore_for_model(model, grids)
    place = torch.device(device)
    ids = [place] if place.type == "cuda" else None
    return DistributedDataParallel(model, device_ids=ids, find_unused_parameters=True, broadcast_buffers=False)
