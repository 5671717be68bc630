"""Choice of the engine that runs the grid's operations. All have the functions of ``reference.py``."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Literal

import torch
from rich import print as rich_print
from rich.console import Console

from idr_neus_plugins.errors import UserError

EngineName = Literal["auto", "reference", "numba"]


@cache
def engine(name: EngineName, device_type: str) -> ModuleType:
    """The named engine, or the fastest for a device ("cpu", "cuda"). Says once which it is.

    Raises UserError where the named engine does not run on the device.
    """
    chosen = name if name != "auto" else ("numba" if device_type == "cpu" else "reference")
    if chosen == "numba" and device_type != "cpu":
        raise UserError(f"The numba engine runs on the CPU, the model is on {device_type}. Use --engine auto.")
    rich_print(f"Grid engine: {chosen} on {device_type}, {torch.get_num_threads()} threads")
    return _numba() if chosen == "numba" else import_module("idr_neus_plugins.fields.grid.reference")


def _numba() -> ModuleType:
    # Imported at first use: Numba costs every nerfstudio command a second at start-up.
    module = import_module("idr_neus_plugins.fields.grid.numba_engine")
    with Console().status("Preparing the Numba kernels (half a minute at the very first time) ..."):
        module.compile_kernels()
    return module
