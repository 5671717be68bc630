"""Imports run one way, and loading the entry points stays cheap."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest

import idr_neus_plugins

PACKAGE = Path(idr_neus_plugins.__file__).parent
LAYERS = ("core", "fields", "laws", "samplers", "renderers", "models", "methods")
"""Each may import itself and what stands before it."""
BESIDE = {
    "meshing": {"core"},
    "evaluation": {"core"},
    "recipes": set(),
    "reports": {"recipes"},
    "data": {"core"},
    "training": {"core", "fields"},
    "viewer": {"core", "fields", "meshing", "data"},
    "single_view": {*LAYERS[:-1], "meshing", "evaluation", "data", "training"},
    "pose": {*LAYERS[:-1], "meshing", "evaluation", "data", "training", "single_view", "viewer"},  # has a model
}
"""What stands beside the layers, and what each may import besides itself."""
CLOSED = ("core", "laws", "meshing", "evaluation", "recipes", "reports")
"""No nerfstudio in here."""
HEAVY = ("numba", "triton", "trimesh", "pymeshlab", "open3d", "skimage", "manifold3d", "h5py")
"""Libraries that ``ns-train --help`` must not wait for."""


def allowed(folder: str) -> set[str]:
    """Folders of the package that modules in ``folder`` may import."""
    if folder in BESIDE:
        return BESIDE[folder] | {folder}
    below = set(LAYERS[: LAYERS.index(folder) + 1])
    more = {"models": {"viewer"}, "methods": {"data", "training", "single_view", "pose", "cli"}}
    return below | more.get(folder, set())


def imports(source: str) -> Iterator[str]:
    """Dotted names of all modules that a source imports, at its top or inside functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def crossings(folder: str) -> list[str]:
    """Imports of other folders of the package that ``folder`` must not make."""
    wrong = []
    for path in sorted((PACKAGE / folder).rglob("*.py")):
        for name in imports(path.read_text()):
            parts = name.split(".")
            if parts[0] == "idr_neus_plugins" and (PACKAGE / parts[1]).is_dir() and parts[1] not in allowed(folder):
                wrong.append(f"{path.relative_to(PACKAGE)} imports {name}")
    return wrong


@pytest.mark.parametrize("folder", [*LAYERS, *BESIDE])
def test_imports_run_one_way(folder):
    assert not crossings(folder)


@pytest.mark.parametrize("folder", CLOSED)
def test_no_nerfstudio_below_the_samplers(folder):
    sources = {path: path.read_text() for path in (PACKAGE / folder).rglob("*.py")}
    assert not [path for path, text in sources.items() if any(name.startswith("nerfstudio") for name in imports(text))]


def test_every_folder_has_its_place():
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders == {*LAYERS, *BESIDE, "cli"}


def test_imports_are_found_wherever_they_stand():
    source = "import a.b\ndef f():\n    from c import d\nif True:\n    import e\n"
    assert set(imports(source)) == {"a.b", "c.d", "e"}


def loaded_by(code: str) -> set[str]:
    """Those of the heavy libraries that a fresh interpreter has loaded after ``code``."""
    report = f"import json, sys; print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    run = subprocess.run([sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return set(json.loads(run.stdout.splitlines()[-1]))


def test_entry_points_load_no_heavy_library():
    points = [point for point in distribution("idr_neus_plugins").entry_points if point.group.startswith("nerfstudio.")]
    assert {point.name for point in points} >= {
        "neus-idr",
        "neus-idr-womask",
        "neus-idr-fast",
        "idr",
        "idr-cameras",
        "idr-fast",
        "idr-data",
        "disn",
        "disn-large",
        "onet",
        "shapes-data",
    }
    nerfstudio = "import nerfstudio.configs.base_config, nerfstudio.models.base_model, nerfstudio.engine.trainer"
    ours = "\n".join(f"import {point.value.split(':')[0]}" for point in points)
    assert loaded_by(f"{nerfstudio}\n{ours}") == loaded_by(nerfstudio)
