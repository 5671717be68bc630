"""A recipe: which scenes, which methods with which flags, which seeds, and what others have published for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from typeguard import CollectionCheckStrategy, TypeCheckError, check_type

from idr_neus_plugins.errors import UserError, brief
from idr_neus_plugins.reading import number, read_yaml
from idr_neus_plugins.recipes.names import check_names

Flags = dict[str, Any]
"""Command-line flags without their dashes; a list gives several values, true a flag without a value."""

Entry = TypeVar("Entry")

SCORES = ("mesh", "images", "cameras")
"""What can be scored; each is a command of ``idr-neus eval``."""


@dataclass(frozen=True)
class Scene:
    """Data, and the truth it is scored against."""

    name: str
    data: str
    """Folder, below the root that the command is given."""
    parser: Flags = field(default_factory=dict)
    """Of ``idr-data``, e.g. eval-views."""
    truth: Flags = field(default_factory=dict)
    """Of ``idr-neus eval mesh``; paths are below the root. Without it the mesh is exported and not scored."""
    prepare: list[str] = field(default_factory=list)
    """A command that makes the data if there is none; ``{data}`` is its folder."""


@dataclass(frozen=True)
class Method:
    """A method and how it differs from its defaults."""

    method: str
    label: str = "default"
    """Tells variants of one method apart."""
    flags: Flags = field(default_factory=dict)
    """Of ``ns-train``."""
    parser: Flags = field(default_factory=dict)
    """Of ``idr-data``, e.g. cameras; beside the scene's."""
    export: Flags = field(default_factory=dict)
    """Of ``ns-export mesh``, e.g. a threshold; beside the recipe's."""
    scores: list[str] = field(default_factory=lambda: ["mesh", "images"])
    """Of SCORES."""
    seeds: list[int] | None = None
    """Instead of the recipe's, e.g. one seed for a slow method."""


@dataclass(frozen=True)
class Published:
    """A figure of a paper. Figures of different protocols do not compare, so the protocol stands beside it."""

    method: str
    scene: str
    """A scene's name, or "mean"."""
    score: str
    """Name of ours that it corresponds to."""
    value: float
    source: str
    protocol: str


@dataclass(frozen=True)
class Recipe:
    name: str
    about: str
    scenes: list[Scene]
    methods: list[Method]
    seeds: list[int] = field(default_factory=lambda: [0])
    export: Flags = field(default_factory=dict)
    """Of ``ns-export mesh``."""
    published: list[Published] = field(default_factory=list)


def load_recipe(path: Path) -> Recipe:
    """Reads a YAML file with the fields of :class:`Recipe`. Raises UserError that names the file and the field."""
    import yaml

    if not path.is_file():
        raise UserError(f"There is no recipe {path}. The project's own are in configs/.")
    content = read_yaml(path, "a recipe in YAML", yaml.SafeLoader)
    if not isinstance(content, Mapping):
        raise UserError(f"{path} must be a mapping with {_names_of(Recipe)}.")
    parts = {"scenes": Scene, "methods": Method, "published": Published}
    lists = {name: _read_list(kind, content.get(name, []), f"{path}: {name}") for name, kind in parts.items()}
    recipe = _read(Recipe, {**content, **lists}, str(path))
    check_recipe(recipe, path)
    return recipe


def _read_list(kind: type[Entry], content: Any, where: str) -> list[Entry]:
    if not isinstance(content, list):
        raise UserError(f"{where} must be a list of mappings with {_names_of(kind)}.")
    return [_read(kind, entry, f"{where}[{place}]") for place, entry in enumerate(content)]


def _read(kind: type[Entry], content: Any, where: str) -> Entry:
    if not isinstance(content, Mapping):
        raise UserError(f"{where} must be a mapping with {_names_of(kind)}.")
    if unknown := sorted(map(str, set(content) - {field.name for field in fields(kind)})):  # type: ignore[arg-type]
        raise UserError(f"{where} has an unknown field '{unknown[0]}'; known are {_names_of(kind)}.")
    missing = [
        field.name
        for field in fields(kind)  # type: ignore[arg-type]
        if field.default is MISSING and field.default_factory is MISSING and field.name not in content
    ]
    if missing:
        raise UserError(f"{where} lacks {', '.join(missing)}.")
    hints = get_type_hints(kind)
    for name, value in content.items():
        try:
            check_type(value, hints[name], collection_check_strategy=CollectionCheckStrategy.ALL_ITEMS)
        except TypeCheckError as error:
            raise UserError(f"{where}: {name} is of another kind than it should be: {brief(error)}.") from error
    floats = {name: number(value, f"{where}: {name}") for name, value in content.items() if hints[name] is float}
    return kind(**{**content, **floats})


def _names_of(kind: type) -> str:
    return ", ".join(field.name for field in fields(kind))


def check_recipe(recipe: Recipe, path: Path) -> None:
    """Raises UserError where entries occur twice, scores are unknown, or anything could lead out of its folder."""
    check_names(recipe, str(path))
    for what, names in (
        ("scene", [scene.name for scene in recipe.scenes]),
        ("method and label", [f"{method.method} {method.label}" for method in recipe.methods]),
    ):
        if not names or len(set(names)) < len(names):
            raise UserError(f"{path}: every {what} must occur once, and at least one must; got {', '.join(names)}.")
    for method in recipe.methods:
        if wrong := set(method.scores) - set(SCORES):
            raise UserError(f"{path}: {method.method}: unknown scores {sorted(wrong)}; known are {', '.join(SCORES)}.")


def words(flags: Flags) -> list[str]:
    """{"eval-views": [1, 2], "resolution": 300} -> ["--eval-views", "1", "2", "--resolution", "300"]."""
    line = []
    for name, value in flags.items():
        values: Sequence[Any] = value if isinstance(value, list) else [] if value is True else [value]
        line += [f"--{name}", *map(str, values)]
    return line
