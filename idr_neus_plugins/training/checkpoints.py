"""Checkpoints that are either whole or absent."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reading import as_data
from idr_neus_plugins.writing import disk_errors, full_disk, room_left

CHECKPOINT = "a checkpoint"
ADVICE = "Delete it if an earlier one stands beside it, or train again."
PARTS = {"step": int, "pipeline": dict}
"""What any checkpoint of nerfstudio has."""


def checkpoint_path(folder: Path, step: int) -> Path:
    """The name that nerfstudio's commands look for."""
    return folder / f"step-{step:09d}.ckpt"


def save_whole(state: dict[str, Any], path: Path, workspace: Path) -> None:
    """Writes a checkpoint so that an interruption leaves the old state, never half a file.

    Args:
        workspace: folder on the same disk for the unfinished file. Not that of ``path``: nerfstudio takes every name
            there for a checkpoint.

    Raises UserError where the disk is full, or takes nothing there.
    """
    unfinished = workspace / f".unfinished-{os.getpid()}.ckpt"
    try:
        with disk_errors(path):
            with unfinished.open("wb") as file:  # torch's own writing of files does not tell why it fails
                torch.save(state, file)
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(unfinished, path)
    except BaseException as error:
        unfinished.unlink(missing_ok=True)
        if full_disk(error) is None:  # also where it is what torch made of it: its archives close with their own error
            raise
        raise UserError(_full_message(state, path, workspace)) from error


def _full_message(state: dict[str, Any], path: Path, workspace: Path) -> str:
    older = max(path.parent.glob("step-*.ckpt"), default=None)
    kept = "There is no older one" if older is None else f"{older.name} is intact; --load-dir {path.parent} resumes it"
    return (
        f"The disk is full: {path.name} was not written. It takes {_size(state) / 1e9:.2f} GB in {workspace}. "
        f"{room_left(path)} {kept}."
    )


def _size(state: Any) -> int:
    """Bytes of the tensors in nested dictionaries and lists."""
    if isinstance(state, torch.Tensor):
        return state.nbytes
    parts = state.values() if isinstance(state, dict) else state if isinstance(state, list) else []
    return sum(map(_size, parts))


def prune(keep: Path) -> None:
    """Deletes the other checkpoints of the folder."""
    for path in keep.parent.glob("*.ckpt"):
        if path != keep:
            path.unlink()


def read_checkpoint(path: Path, mmap: bool = False) -> dict[str, Any]:
    """The checkpoint's parts: at least "step" and "pipeline", the weights by their names.

    Nothing that the file may ask to call is called. ``mmap``: tensors are read from the file when they are used.

    Raises UserError for a broken file, for one that holds something else, and for weights that are not finite.
    """
    with as_data(path, CHECKPOINT, ADVICE):
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
    if not isinstance(state, dict) or not all(isinstance(state.get(name), kind) for name, kind in PARTS.items()):
        raise UserError(
            f"{path} is a file of PyTorch, but no checkpoint of a run: it lacks {' or '.join(PARTS)}. "
            "Use a step-*.ckpt that ns-train wrote."
        )
    weights = state["pipeline"]
    if wrong := [name for name, value in weights.items() if not isinstance(value, torch.Tensor)]:
        raise UserError(f"{path} is no checkpoint of a run: {wrong[0]} is not numbers. {ADVICE}")
    if broken := [name for name, value in weights.items() if value.is_floating_point() and value.isnan().any()]:
        raise UserError(f"{path} holds NaN in {', '.join(map(str, broken[:3]))}: that training diverged. {ADVICE}")
    return state


def find_checkpoint(load_dir: Path | None, load_step: int | None, load_checkpoint: Path | None) -> Path | None:
    """The checkpoint that nerfstudio's flags ask for; None when they ask for none. Raises UserError if it is absent."""
    if load_dir is None and load_checkpoint is None:
        return None
    if load_dir is None:
        path = load_checkpoint
    elif load_step is not None:
        path = checkpoint_path(load_dir, load_step)
    else:
        path = max(load_dir.glob("step-*.ckpt"), default=None)
    if path is None or not path.is_file():
        raise UserError(
            f"no checkpoint {path or 'step-*.ckpt in ' + str(load_dir)}; give the `nerfstudio_models` folder"
        )
    return path
