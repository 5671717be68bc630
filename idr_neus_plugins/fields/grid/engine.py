"""Choice of the engine that runs the grid's operations. All have the functions of ``reference.py``."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Literal

import torch
from rich import print as rich_print
from rich.console import Console
from rich.markup import escape

from idr_neus_plugins.errors import UserError, brief
from idr_neus_plugins.fields.grid.warm_up import warm_up

EngineName = Literal["auto", "reference", "numba", "triton"]

_ONLY_ON = {"numba": "cpu", "triton": "cuda"}


@cache
def engine(name: EngineName, device_type: str) -> ModuleType:
    """The named engine, or the fastest for a device ("cpu", "cuda"). Says once which it is.

    Raises UserError where the named engine does not run on the device, or not on this machine.
    """
    if name == "auto":
        return _fastest(device_type)
    if device_type != _ONLY_ON.get(name, device_type):
        needed = _ONLY_ON[name].upper()
        raise UserError(f"The {name} engine runs on {needed}, the model is on {device_type}. Use --engine auto.")
    module = {"numba": _numba, "triton": _triton, "reference": _reference}[name]()
    rich_print(f"Grid engine: {name} on {device_type}, {torch.get_num_threads()} threads")
    return module


def _fastest(device_type: str) -> ModuleType:
    if device_type == "cuda":
        try:
            return engine("triton", device_type)
        except UserError as reason:
            rich_print(escape(str(reason)))
    return engine("numba" if device_type == "cpu" else "reference", device_type)


# Imported at first use: Numba costs every nerfstudio command a second at start-up, and PyTorch for CPUs has no Triton.


def _reference() -> ModuleType:
    return import_module("idr_neus_plugins.fields.grid.reference")


def _numba() -> ModuleType:
    names = ("fields.grid.numba_engine", "core.fused", "core.depth_maps")
    module, fused, depths = (import_module(f"idr_neus_plugins.{name}") for name in names)
    with Console().status("Preparing the Numba kernels (half a minute at the very first time) ..."):
        warm_up(module, "cpu")
        fused.warm_up()
        depths.warm_up()
    return module


def _triton() -> ModuleType:
    try:
        module = import_module("idr_neus_plugins.fields.grid.triton_engine")
        with Console().status("Preparing the Triton kernels ..."):
            warm_up(module, "cuda")
    except Exception as error:  # whatever an old GPU, a missing C compiler or missing headers of Python lead to
        raise UserError(f"Triton cannot run the grid here ({brief(error)}); the reference engine can.") from error
    return module
