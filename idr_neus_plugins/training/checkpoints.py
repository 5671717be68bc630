"""Checkpoints that are either whole or absent."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from idr_neus_plugins.errors import UserError, brief

FULL = (errno.ENOSPC, errno.EDQUOT)
"""Errors of the system that mean: no room on the disk, or in the user's share of it."""


def checkpoint_path(folder: Path, step: int) -> Path:
    """The name that nerfstudio's commands look for."""
    return folder / f"step-{step:09d}.ckpt"


def save_whole(state: dict[str, Any], path: Path, workspace: Path) -> None:
    """Writes a checkpoint so that an interruption leaves the old state, never half a file.

    Args:
        workspace: folder on the same disk for the unfinished file. Not that of ``path``: nerfstudio takes every name
            there for a checkpoint.

    Raises UserError where the disk is full.
    """
    unfinished = workspace / "unfinished.ckpt"
    try:
        with unfinished.open("wb") as file:  # torch's own writing of files does not tell why it fails
            torch.save(state, file)
        path.parent.mkdir(parents=True, exist_ok=True)
        os.replace(unfinished, path)
    except BaseException as error:
        unfinished.unlink(missing_ok=True)
        if not _is_full(error):
            raise
        raise UserError(_full_message(state, path, workspace)) from error


def _is_full(error: BaseException | None) -> bool:
    """Also where the error is what torch made of it: its archives are closed with an error of their own."""
    return error is not None and (getattr(error, "errno", None) in FULL or _is_full(error.__context__))


def _full_message(state: dict[str, Any], path: Path, workspace: Path) -> str:
    older = max(path.parent.glob("*.ckpt"), default=None)
    kept = "There is no older one" if older is None else f"{older.name} is intact; --load-dir {path.parent} resumes it"
    return (
        f"The disk is full: {path.name} was not written. It takes {_size(state) / 1e9:.2f} GB in {workspace}, where "
        f"{shutil.disk_usage(workspace).free / 1e9:.2f} GB are free. {kept}."
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
    """``mmap``: tensors are read from the file when they are used. Raises UserError for a broken file."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
    except (RuntimeError, EOFError, UnpicklingError) as error:
        raise UserError(
            f"{path} cannot be read ({brief(error)}): it is cut short or not a checkpoint. "
            "Delete it if an earlier one stands beside it, or train again."
        ) from error


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
