"""Loading the entry points stays cheap; which way imports run is held by import-linter (pyproject.toml)."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import distribution

HEAVY = ("numba", "triton", "trimesh", "pymeshlab", "open3d", "skimage", "manifold3d", "h5py")
"""Libraries that ``ns-train --help`` must not wait for."""


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
