"""Configurations of earlier runs find what they name, wherever it stands today."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from idr_neus_plugins import renames
from idr_neus_plugins.training.configuration import read_configuration

EARLIER = sorted((Path(__file__).parent / "runs_of_earlier_versions").glob("*.yml"))


@pytest.mark.parametrize("path", EARLIER, ids=lambda path: path.stem)
def test_a_configuration_of_an_earlier_version_loads(path: Path):
    text = path.read_text()
    config = read_configuration(path)
    assert path.stem.startswith(config.method_name)
    named = {match.rpartition(".")[2] for match in re.findall(r"idr_neus_plugins[.\w]+", text)}
    again = {match.rpartition(".")[2] for match in re.findall(r"idr_neus_plugins[.\w]+", yaml.dump(config))}
    assert named == again, "a class was lost, or has another name"


@pytest.mark.parametrize("old", renames.MOVED)
def test_a_moved_module_answers_to_its_old_name(old: str):
    from importlib import import_module

    new = import_module(renames.MOVED[old])
    classes = {name: value for name, value in vars(new).items() if isinstance(value, type)}
    moved = import_module(old)
    assert classes and all(getattr(moved, name) is value for name, value in classes.items())


def test_what_never_was_is_not_found():
    with pytest.raises(ModuleNotFoundError):
        import idr_neus_plugins.cli.never_was  # type: ignore[import-not-found] # noqa: F401
