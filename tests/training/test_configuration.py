"""A run's configuration comes back as it was written, and nothing that a stranger wrote into one is done."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath

import pytest
import yaml

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.methods.neus_idr_fast import config as neus_fast
from idr_neus_plugins.training.configuration import read_configuration


def written(folder: Path, text: str) -> Path:
    (folder / "config.yml").write_text(text)
    return folder / "config.yml"


def test_configurations_of_all_methods_come_back_as_they_were(tmp_path):
    from nerfstudio.configs.method_configs import all_methods

    assert "neus-idr-fast" in all_methods and "nerfacto" in all_methods
    for name, config in all_methods.items():
        text = yaml.dump(config)
        assert yaml.dump(read_configuration(written(tmp_path, text))) == text, name


@pytest.mark.parametrize(
    "call",
    [
        "!!python/object/apply:os.system ['touch {file}']",
        "!!python/object/apply:subprocess.check_call [[touch, {file}]]",
        '!!python/object/apply:builtins.exec [\'open("{file}", "w")\']',
        "!!python/object/apply:pathlib.Path.touch [{file}]",
        "!!python/object/apply:nerfstudio.utils.scripts.run_command ['touch {file}']",
        "!!python/object/apply:nerfstudio.engine.trainer.os.system ['touch {file}']",
        "!!python/object/new:os.system ['touch {file}']",
        "!!python/name:os.system",
        "!!python/name:nerfstudio.utils.scripts.run_command",
        "!!python/name:nerfstudio.engine.trainer.Path",
        "!!python/module:os",
        "!!python/object:nerfstudio.utils.writer.LocalWriter {{}}",
        "!!python/object/apply:_operator.getitem [{{a: 1}}, a]",
    ],
)
def test_what_is_no_part_of_a_configuration_is_refused_and_not_done(tmp_path, call):
    file = tmp_path / "done"
    text = yaml.dump(neus_fast).replace("load_config: null", f"load_config: {call.format(file=file)}")
    assert text != yaml.dump(neus_fast)
    with pytest.raises(UserError, match="config.yml cannot be read as the configuration of a run"):
        read_configuration(written(tmp_path, text))
    assert not file.exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 5000, "nested too deeply"),
        ("a: &a {b: 1}\nc: {<<: *a}", "merge key"),
        ("!!int ''", "string index"),
        ("\0", "unacceptable character"),
        ("a" * (5 * 2**20), "has 5 MiB; at most 4"),
        ("!!python/object/apply:nerfstudio.utils.writer.EventName [nothing]", "not a valid EventName"),
    ],
)
def test_yaml_that_would_harm_is_told(tmp_path, text, reason):
    with pytest.raises(UserError, match=reason):
        read_configuration(written(tmp_path, text))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("max_num_iterations: 20000", "max_num_iterations: many"), "max_num_iterations: str is not"),
        (("optimizers:", "optimisers:"), "optimizers: .* has no attribute"),
    ],
)
def test_fields_that_are_missing_or_of_another_type_are_named(tmp_path, change, reason):
    with pytest.raises(UserError, match=f"SurfaceTrainerConfig.{reason}"):
        read_configuration(written(tmp_path, yaml.dump(neus_fast).replace(*change)))


def test_a_configuration_of_windows(tmp_path):
    text = yaml.dump({"data": PureWindowsPath("scenes/owl")}).replace("PureWindowsPath", "WindowsPath")
    assert read_configuration(written(tmp_path, text)) == {"data": Path("scenes/owl")}
