"""What jobs have left: finding it, and refusing to put together what does not belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import mean, stdev
from typing import Any, get_type_hints

from typeguard import CollectionCheckStrategy, check_type

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reading import as_data, read_json

ALL = CollectionCheckStrategy.ALL_ITEMS
RESULT = "result.json"
RECIPE_COPY = "recipe.yaml"
"""Beside the jobs' folders."""
SHOWN: dict[str, dict[str, Any]] = {
    "code": {"": str},
    "date": {"": str},
    "libraries": dict.fromkeys(("torch", "nerfstudio", "numba"), str | None),
    "machine": {"processor": str, "cores": int | None, "memory_gib": float, "gpus": list[str]},
}
"""Of the provenance, in a report; all but the code may be missing."""


@dataclass(frozen=True)
class Result:
    """Of one job."""

    recipe: str
    scene: str
    method: str
    label: str
    seed: int
    scores: dict[str, float | None]
    protocol: str | None
    """What was done to the mesh before it was scored."""
    training_steps: int | None
    """That fitted into the budget."""
    seconds: dict[str, float]
    """Per step, start-up included."""
    commands: list[str]
    provenance: dict[str, Any]

    @property
    def code(self) -> str:
        return self.provenance["code"]


@dataclass(frozen=True)
class Spread:
    """A score over seeds."""

    mean: float
    deviation: float | None
    """Sample standard deviation; None for one seed."""
    count: int


def read_results(folders: Sequence[Path]) -> dict[Path, Result]:
    """All results below the folders, by the folder of their job.

    Raises UserError where there are none, one is broken, or they come from different versions of the code.
    """
    found = sorted(path for folder in folders for path in folder.rglob(RESULT))
    if not found:
        raise UserError(f"There are no results in {', '.join(map(str, folders))}. `idr-neus run` makes them.")
    results = {path.parent: _read(path) for path in found}
    versions: dict[str, Path] = {}
    for folder, result in results.items():
        versions.setdefault(result.code, folder)
    if len(versions) > 1:
        listed = "; ".join(f"{version} ({folder})" for version, folder in versions.items())
        raise UserError(f"These results come from different versions of the code and are not mixed: {listed}.")
    return results


def _read(path: Path) -> Result:
    content, hints = read_json(path), get_type_hints(Result)
    with as_data(path, "a result of this version", "Run the recipe again."):
        for field in fields(Result):
            check_type(content[field.name], hints[field.name], collection_check_strategy=ALL)
        _check_provenance(content["provenance"])
        return Result(**{field.name: content[field.name] for field in fields(Result)})


def _check_provenance(facts: dict[str, Any]) -> None:
    """Raises TypeCheckError or KeyError where what reports show of it is of another kind."""
    for part, hints in SHOWN.items():
        if part == "code" or part in facts:
            found = facts[part]
            for name, hint in hints.items():
                check_type(found[name] if name else found, hint, collection_check_strategy=ALL)


def spread(values: Sequence[float]) -> Spread:
    return Spread(mean(values), stdev(values) if len(values) > 1 else None, len(values))
