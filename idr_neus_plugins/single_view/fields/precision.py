"""Products of layers in bfloat16 while a field learns: about twice as fast where the hardware has them."""

from __future__ import annotations

import functools

import torch
from torch import nn

AMX, AVX512 = "_is_amx_tile_supported", "_is_avx512_bf16_supported"
"""torch.cpu's names of the instructions that multiply bfloat16; not in every version."""


def fast_products(module: nn.Module, device: torch.device) -> torch.autocast:
    """Within it matrix products and convolutions are in bfloat16; weights, their gradients and sums stay float32.

    Only while ``module`` trains, so that what is rendered, meshed and scored has the full precision, and only where
    the device gains by it. Coordinates are not to be computed within: three digits are a quarter of a pixel.
    """
    return torch.autocast(device.type, torch.bfloat16, enabled=module.training and gains(device.type))


@functools.cache
def gains(device_type: str) -> bool:
    """Whether products in bfloat16 are faster than in float32."""
    if device_type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return any(getattr(torch.cpu, name, bool)() for name in (AMX, AVX512))
