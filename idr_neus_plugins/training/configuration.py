"""Reading a run's configuration without doing what it says.

``config.yml`` names classes and how to build them, and PyYAML's own loader calls whatever is named: a stranger's run is
a stranger's program. Here only the parts that a configuration is made of are built, and anything else is refused by its
name before anything is called.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path, PureWindowsPath
from typing import Any, get_type_hints

import yaml
from typeguard import TypeCheckError, check_type
from yaml.constructor import ConstructorError

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reading import as_data, read_yaml

CONFIGURATION = "the configuration of a run"
ADVICE = "It is not of ns-train or does not fit this version: train again, or use the version that made it."
PLUGINS = ("nerfstudio.method_configs", "nerfstudio.dataparser_configs")
"""Groups of entry points; nerfstudio loads all that are installed, so their packages are trusted already."""
FUNCTIONS = ("nerfstudio.data.utils.nerfstudio_collate.nerfstudio_collate",)
"""The only ones that configurations name; everything else is a class."""
PATHS = ("pathlib.PosixPath", "pathlib.WindowsPath", "pathlib.Path", "pathlib._local.PosixPath")
GETITEM = "_operator.getitem"
"""``VanillaDataManager[DepthDataset]``."""


def read_configuration(path: Path) -> Any:
    """What ``ns-train`` has written to a run's ``config.yml``; a TrainerConfig in most cases, to be checked by who
    reads.

    Raises UserError where there is no such file, it is no configuration, or names anything else than the parts of one.
    """
    if not path.is_file():
        raise UserError(f"There is no run configuration {path}. ns-train writes it as <run>/config.yml.")
    with as_data(path, CONFIGURATION, ADVICE):
        config = read_yaml(path, CONFIGURATION, ConfigurationLoader, ADVICE)
        if type(config).__module__.startswith("idr_neus_plugins."):  # others may be looser with their annotations
            for part in parts_of(config, set()):
                check_types(part)
    return config


def parts_of(config: Any, seen: set[int]) -> Iterator[Any]:
    """All dataclasses in nested dataclasses, dictionaries and lists, but what is ``seen`` already, by its id."""
    if id(config) in seen:
        return
    seen.add(id(config))
    if is_dataclass(config) and not isinstance(config, type):
        yield config
        inner: Iterable[Any] = vars(config).values()
    else:
        inner = config.values() if isinstance(config, dict) else config if isinstance(config, (list, tuple)) else ()
    for value in inner:
        yield from parts_of(value, seen)


def check_types(part: Any) -> None:
    """Raises TypeError where a field of a dataclass is missing, or is not what its annotation says."""
    hints = get_type_hints(type(part))
    for name in (field.name for field in fields(part)):
        try:
            check_type(getattr(part, name), hints[name])
        except (AttributeError, TypeCheckError) as error:
            raise TypeError(f"{type(part).__name__}.{name}: {error}") from error


class ConfigurationLoader(yaml.SafeLoader):
    """YAML's plain values, configurations' dataclasses, enumerations, classes and paths."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Refuses merge keys, which no dumper writes and which can make a short file endlessly long."""
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                raise ConstructorError(
                    problem="a merge key, which configurations do not have", problem_mark=key.start_mark
                )

    def python_tuple(self, node: yaml.SequenceNode) -> tuple:
        return tuple(self.construct_sequence(node, deep=True))

    def python_name(self, name: str, node: yaml.Node) -> Any:
        return _part(name, node)

    def python_object(self, name: str, node: yaml.MappingNode) -> Any:
        kind = _part(name, node)
        if not (isinstance(kind, type) and is_dataclass(kind)):
            raise _refused(name, node)
        instance = kind.__new__(kind)
        vars(instance).update({str(name): value for name, value in self.construct_mapping(node, deep=True).items()})
        return instance

    def python_call(self, name: str, node: yaml.SequenceNode) -> Any:
        """Of what is listed here, and nothing else."""
        if name in PATHS:
            return _path(self.construct_sequence(node), windows="Windows" in name)
        if name == GETITEM:
            generic, parameter = self.construct_sequence(node, deep=True)
            if isinstance(generic, type) and isinstance(parameter, type):
                return generic[parameter]  # type: ignore[index]
            raise _refused(name, node)
        kind = _part(name, node)
        if not (isinstance(kind, type) and issubclass(kind, Enum)):
            raise _refused(name, node)
        (value,) = self.construct_sequence(node, deep=True)
        return kind(value)


PYTHON = "tag:yaml.org,2002:python/"
ConfigurationLoader.add_constructor(f"{PYTHON}tuple", ConfigurationLoader.python_tuple)
ConfigurationLoader.add_multi_constructor(f"{PYTHON}name:", ConfigurationLoader.python_name)
ConfigurationLoader.add_multi_constructor(f"{PYTHON}object:", ConfigurationLoader.python_object)
ConfigurationLoader.add_multi_constructor(f"{PYTHON}object/apply:", ConfigurationLoader.python_call)


def _path(parts: Sequence[str], windows: bool) -> Path:
    """Also of Windows, whose own class exists there only."""
    return Path(PureWindowsPath(*parts).as_posix()) if windows else Path(*parts)


def _part(name: str, node: yaml.Node) -> Any:
    """The class or function of a full name. Nothing is imported but what belongs to a method that is installed."""
    module, _, attribute = name.rpartition(".")
    if not _is_trusted(module):
        raise _refused(name, node)
    try:
        part = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ConstructorError(problem=f"{name} does not exist here", problem_mark=node.start_mark) from error
    if not (isinstance(part, type) and _is_trusted(part.__module__)) and name not in FUNCTIONS:
        raise _refused(name, node)
    return part


def _is_trusted(module: str) -> bool:
    package = module.partition(".")[0]
    return module.startswith("torch.optim") or package in trusted_packages()


@lru_cache
def trusted_packages() -> frozenset[str]:
    """Those of nerfstudio and of its plug-ins."""
    plugins = {entry.module.partition(".")[0] for group in PLUGINS for entry in entry_points(group=group)}
    return frozenset(plugins | {"nerfstudio", "idr_neus_plugins"})


def _refused(name: str, node: yaml.Node) -> ConstructorError:
    return ConstructorError(
        problem=f"it asks for {name}, which is no part of a configuration; nothing was done",
        problem_mark=node.start_mark,
    )
