"""A run opens with exactly its weights, or says why not."""

from __future__ import annotations

import pytest
import torch

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.run import load_run
from tests.cli.sphere_run import NoSurface, Sphere, write_run


def test_the_latest_weights_are_loaded(tmp_path, monkeypatch):
    write_run(tmp_path / "run", step=999, radius=torch.tensor([0.3]))
    config = write_run(tmp_path / "run", step=2000, radius=torch.tensor([0.4]))
    monkeypatch.chdir(tmp_path)  # the run is found beside its config.yml, not where the command is started
    pipeline = load_run(config).pipeline
    assert pipeline.model.radius.item() == pytest.approx(0.4) and not pipeline.training


def test_missing_config(tmp_path):
    with pytest.raises(UserError, match="no run configuration"):
        load_run(tmp_path / "config.yml")


@pytest.mark.parametrize("text", ["key: [", "just words", "!!python/object:idr_neus_plugins.gone.Config {}", "5"])
def test_a_file_that_is_no_configuration(tmp_path, text):
    (tmp_path / "config.yml").write_text(text)
    with pytest.raises(UserError, match="config.yml (cannot be read as|is no) "):
        load_run(tmp_path / "config.yml")


def test_no_checkpoint(tmp_path):
    config = write_run(tmp_path)
    next(tmp_path.rglob("*.ckpt")).unlink()
    with pytest.raises(UserError, match="no checkpoint"):
        load_run(config)


def test_truncated_checkpoint(tmp_path):
    config = write_run(tmp_path)
    checkpoint = next(tmp_path.rglob("*.ckpt"))
    for content in (b"", b"nonsense", checkpoint.read_bytes()[:700]):
        checkpoint.write_bytes(content)
        with pytest.raises(UserError, match="cannot be read|is empty"):
            load_run(config)


def test_another_method(tmp_path):
    with pytest.raises(UserError, match="no surface to offer"):
        load_run(write_run(tmp_path, model=NoSurface))


def test_what_is_a_file_of_pytorch_and_no_checkpoint(tmp_path):
    config = write_run(tmp_path)
    checkpoint = next(tmp_path.rglob("*.ckpt"))
    whole = torch.load(checkpoint, weights_only=True)
    for content in ([1, 2], {"step": 3}, whole | {"step": "seven"}, whole | {"pipeline": {"_model.radius": "wide"}}):
        torch.save(content, checkpoint)
        with pytest.raises(UserError, match="no checkpoint of a run"):
            load_run(config)
    whole["pipeline"]["_model.radius"][:] = torch.nan
    torch.save(whole, checkpoint)
    with pytest.raises(UserError, match="holds NaN in _model.radius"):
        load_run(config)
    checkpoint.unlink()
    checkpoint.mkdir()
    with pytest.raises(UserError, match="is a folder, not a file"):
        load_run(config)


@pytest.mark.parametrize(
    "weights",
    [
        {name: value for name, value in Sphere().state_dict().items() if name != "radius"},
        Sphere().state_dict() | {"radius": torch.zeros(2)},
        Sphere().state_dict() | {"extra": torch.zeros(1)},
    ],
    ids=["missing", "other size", "unknown"],
)
def test_weights_of_another_version(tmp_path, weights):
    with pytest.raises(UserError, match="does not fit this version"):
        load_run(write_run(tmp_path, weights=weights))
