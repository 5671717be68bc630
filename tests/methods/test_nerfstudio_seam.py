"""What nerfstudio's commands do differently, on stand-ins for their modules."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import yaml

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.methods import nerfstudio_seam as seam
from idr_neus_plugins.methods.neus_idr_fast import config


def test_a_module_is_amended_when_its_entrypoint_is_first_read(monkeypatch, capsys):
    module = ModuleType("tests.command")
    monkeypatch.setitem(sys.modules, "tests.command", module)
    seam._when_read("tests.command", "entrypoint", lambda names: names.update(amended=names.get("amended", 0) + 1))
    with pytest.raises(AttributeError):
        _ = module.entrypoint

    def entrypoint() -> None:
        raise UserError("bad input")

    vars(module)["entrypoint"] = entrypoint
    for _ in range(2):
        with pytest.raises(SystemExit) as stop:
            module.entrypoint()
        assert stop.value.code == 1 and capsys.readouterr().err == "Error: bad input\n"
    assert module.amended == 1


@pytest.mark.parametrize(("words", "host"), [([], "127.0.0.1"), (["--viewer.websocket_host", "0.0.0.0"], "0.0.0.0")])
def test_the_viewer_is_for_this_machine_unless_the_user_says_otherwise(monkeypatch, words, host):
    started = []
    names = {"_start_viewer": lambda config, pipeline, step: started.append(config.viewer.websocket_host)}
    seam._stay_on_this_machine(names)
    monkeypatch.setattr(sys, "argv", ["ns-viewer", *words])
    ours = replace(config, viewer=replace(config.viewer, websocket_host="0.0.0.0"))
    other = SimpleNamespace(viewer=SimpleNamespace(websocket_host="0.0.0.0"))
    for each in (ours, other):
        names["_start_viewer"](each, None, 0)
    assert started == [host, "0.0.0.0"], "runs of other methods are left as they are"


def test_a_training_by_a_configuration_may_resume_and_stays_on_this_machine(tmp_path):
    started = []
    names = {"main": started.append}
    seam._read_configurations_safely(names)
    written = replace(config, experiment_name="owl", viewer=replace(config.viewer, websocket_host="0.0.0.0"))
    (tmp_path / "config.yml").write_text(yaml.dump(written))
    names["main"](replace(config, load_config=tmp_path / "config.yml", load_dir=Path("models")))
    (begun,) = started
    assert (begun.experiment_name, begun.load_dir, begun.load_config) == ("owl", Path("models"), None)
    assert begun.viewer.websocket_host == "127.0.0.1"
    names["main"](config)
    assert started[1] is config
