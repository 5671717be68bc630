import errno
import os

import pytest
import torch

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.training.checkpoints import checkpoint_path, find_checkpoint, prune, save_whole


def test_an_interrupted_save_leaves_the_old_state(tmp_path, monkeypatch):
    folder = tmp_path / "nerfstudio_models"
    path = checkpoint_path(folder, 7)
    save_whole({"step": 7}, path, tmp_path)

    def fail_half_way(state, file):
        file.write(b"half")
        raise OSError("unplugged")

    monkeypatch.setattr(torch, "save", fail_half_way)
    with pytest.raises(OSError, match="unplugged"):
        save_whole({"step": 8}, path, tmp_path)
    assert torch.load(path, weights_only=True) == {"step": 7}
    assert [file.name for file in folder.iterdir()] == ["step-000000007.ckpt"]
    assert list(tmp_path.iterdir()) == [folder]


class FullDisk:
    """A file that takes ``room`` bytes."""

    def __init__(self, file, room: int) -> None:
        self.file, self.room = file, room

    def write(self, content: bytes) -> int:
        self.room -= len(content)
        if self.room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self.file.write(content)

    def flush(self) -> None:
        self.file.flush()


@pytest.mark.parametrize("room", [0, 1_000_000])
def test_a_full_disk_is_told_with_what_is_needed_and_what_is_left(tmp_path, monkeypatch, room):
    """torch wraps the system's error in others; here its own writer meets a file without room."""
    folder, save = tmp_path / "nerfstudio_models", torch.save
    state = {"weights": {"values": torch.zeros(10_000_000)}, "optimizers": [torch.zeros(5_000_000)]}
    monkeypatch.setattr(torch, "save", lambda state, file: save(state, FullDisk(file, room)))
    with pytest.raises(UserError, match="takes 0.06 GB .* no older one"):
        save_whole(state, checkpoint_path(folder, 8), tmp_path)
    monkeypatch.undo()
    save_whole({"step": 7}, checkpoint_path(folder, 7), tmp_path)
    monkeypatch.setattr(torch, "save", lambda state, file: save(state, FullDisk(file, room)))
    with pytest.raises(UserError, match=r"\d GB are free in .* step-000000007.ckpt is intact") as error:
        save_whole(state, checkpoint_path(folder, 8), tmp_path)
    assert str(tmp_path) in str(error.value)
    assert [file.name for file in folder.iterdir()] == ["step-000000007.ckpt"]
    assert list(tmp_path.iterdir()) == [folder]


def test_prune_keeps_one(tmp_path):
    for step in (1, 2, 3):
        checkpoint_path(tmp_path, step).touch()
    prune(keep=checkpoint_path(tmp_path, 2))
    assert [file.name for file in tmp_path.iterdir()] == ["step-000000002.ckpt"]


def test_the_latest_checkpoint_is_found_and_a_missing_one_is_an_error(tmp_path):
    assert find_checkpoint(None, None, None) is None
    with pytest.raises(UserError, match="no checkpoint"):
        find_checkpoint(tmp_path, None, None)
    for step in (20, 3):
        checkpoint_path(tmp_path, step).touch()
    assert find_checkpoint(tmp_path, None, None) == checkpoint_path(tmp_path, 20)
    assert find_checkpoint(tmp_path, 3, None) == checkpoint_path(tmp_path, 3)
    with pytest.raises(UserError, match="step-000000004"):
        find_checkpoint(tmp_path, 4, None)
    with pytest.raises(UserError):
        find_checkpoint(None, None, tmp_path / "none.ckpt")
