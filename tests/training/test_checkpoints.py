import pytest
import torch

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.training.checkpoints import checkpoint_path, find_checkpoint, prune, save_whole


def test_an_interrupted_save_leaves_the_old_state(tmp_path, monkeypatch):
    folder = tmp_path / "nerfstudio_models"
    path = checkpoint_path(folder, 7)
    save_whole({"step": 7}, path, tmp_path)

    def fail_half_way(state, file):
        file.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", fail_half_way)
    with pytest.raises(OSError):
        save_whole({"step": 8}, path, tmp_path)
    assert torch.load(path, weights_only=True) == {"step": 7}
    assert [file.name for file in folder.iterdir()] == ["step-000000007.ckpt"]


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
