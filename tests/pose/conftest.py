"""Small generated scenes; tests only read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from idr_neus_plugins.pose.scenes.writing import PoseSceneOptions, write_sequence, write_single_views


@pytest.fixture(scope="session")
def single_scene(tmp_path_factory) -> Path:
    """A chair and a table."""
    folder = tmp_path_factory.mktemp("poses") / "single"
    write_single_views(folder, PoseSceneOptions(2, categories=("chair", "table"), size=112))
    return folder


@pytest.fixture(scope="session")
def sequence_scene(tmp_path_factory) -> Path:
    """A chair and a car, five frames."""
    folder = tmp_path_factory.mktemp("poses") / "sequence"
    write_sequence(folder, PoseSceneOptions(2, frames=5, sweep=20.0, categories=("chair", "car"), size=160))
    return folder
