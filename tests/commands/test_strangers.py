"""A run that a stranger has written: every command refuses it by what it asks for, and does nothing of that."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import idr_neus_plugins
from idr_neus_plugins.cli import main
from idr_neus_plugins.methods.neus_idr_fast import config
from tests.commands.conftest import command

PACKAGE = Path(idr_neus_plugins.__file__).parent
NERFSTUDIO = {
    "ns-viewer": (),
    "ns-export": ("mesh", "--output-dir", "out"),
    "ns-render": ("interpolate", "--output-path", "out.mp4"),
    "ns-eval": (),
    "ns-train": ("neus-idr-fast",),
}
OURS = {
    "eval images": ("--load-config",),
    "eval cameras": ("--load-config",),
    "eval shapes": ("--load-config",),
    "turntable": ("--output", "film.mp4", "--load-config"),
    "reconstruct": ("--image", "photo.png", "--load-config"),
    "drop": ("--load-config",),
    "transfer": ("--appearance", "config.yml", "--geometry"),
}


@pytest.fixture
def stranger(tmp_path, monkeypatch) -> Path:
    """A folder with a config.yml that would make a file ``done`` there; commands run in it."""
    call = f"!!python/object/apply:os.system ['touch {tmp_path / 'done'}']"
    text = yaml.dump(config).replace("load_config: null", f"load_config: {call}")
    yaml.load(text, Loader=yaml.Loader)
    assert (tmp_path / "done").exists(), "the test's own payload does nothing"
    (tmp_path / "done").unlink()
    (tmp_path / "config.yml").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", NERFSTUDIO)
def test_nerfstudios_commands_refuse_it(name, stranger):
    subcommand, *options = NERFSTUDIO[name] or ("",)
    words = [word for word in (subcommand, "--load-config", stranger / "config.yml", *options) if word]
    printed = command(name, *words, expect=1)
    assert "os.system" in printed and "nothing was done" in printed and "Traceback" not in printed
    assert [path.name for path in stranger.iterdir()] == ["config.yml"]


@pytest.mark.parametrize("name", OURS)
def test_our_commands_refuse_it(name, stranger, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["idr-neus", *name.split(), *OURS[name], str(stranger / "config.yml")])
    with pytest.raises(SystemExit) as stop:
        main.entrypoint()
    told = capsys.readouterr().err
    assert stop.value.code == 1 and "os.system" in told and "nothing was done" in told
    assert not (stranger / "done").exists()


def test_no_part_of_the_package_reads_yaml_or_pickles_otherwise():
    found = subprocess.run(
        ["grep", "-rnE", r"yaml\.(load|unsafe_load|full_load)\(|allow_pickle|weights_only=False|pickle\.load", PACKAGE],
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    files = {line.partition(":")[0] for line in found if ".py:" in line}
    assert files == {str(PACKAGE / "reading.py"), str(PACKAGE / "viewer" / "worker.py")}, found
