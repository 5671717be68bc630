"""A run's folder, which belongs to one training at a time."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.writing import disk_errors, make_folder

LOCK = ".lock"
UNFINISHED = ".unfinished-*.ckpt"
_claimed: dict[Path, FileLock] = {}
"""By this process. The system gives them up when it ends, however it ends."""


def claim(folder: Path) -> None:
    """Makes the folder, and makes it this process's until it ends; removes what a killed one has left half-written.

    Raises UserError where another training has it, or nothing can be written there.
    """
    folder = folder.resolve()
    if folder in _claimed:
        return
    make_folder(folder)
    lock = FileLock(folder / LOCK)
    try:
        with disk_errors(folder):
            lock.acquire(timeout=0)
    except Timeout:
        raise UserError(
            f"Another training is writing into {folder}. Wait until it has ended, or give this one another --timestamp."
        ) from None
    _claimed[folder] = lock
    for left in folder.glob(UNFINISHED):
        left.unlink(missing_ok=True)
