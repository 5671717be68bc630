"""Checkpoints that are either whole or absent."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from idr_neus_plugins.errors import UserError


def checkpoint_path(folder: Path, step: int) -> Path:
    """The name that nerfstudio's commands look for."""
    return folder / f"step-{step:09d}.ckpt"


def save_whole(state: dict[str, Any], path: Path, workspace: Path) -> None:
    """Writes a checkpoint so that an interruption leaves the old state, never half a file.

    Args:
        workspace: folder on the same disk for the unfinished file. Not that of ``path``: nerfstudio takes every name
            there for a checkpoint.
    """
    unfinished = workspace / "unfinished.ckpt"
    torch.save(state, unfinished)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.replace(unfinished, path)


def prune(keep: Path) -> None:
    """Deletes the other checkpoints of the folder."""
    for path in keep.parent.glob("*.ckpt"):
        if path != keep:
            path.unlink()


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
