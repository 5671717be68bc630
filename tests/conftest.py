"""What all tests share: checked tensor shapes, a tiny scene of known geometry, the real data where it is at hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.typechecking import check_package

# Before anything else of the package is imported.
check_package()

REPOSITORY = Path(__file__).parents[1]
TRAINED_ONCE = ("commands", "single_view")
"""Folders whose tests share a run that takes a minute to train."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Several processes (pytest-xdist) each take whole files, or whole folders where a run is shared."""
    for item in items:
        folder = item.path.parent
        shared = folder if folder.name in TRAINED_ONCE else item.path
        item.add_marker(pytest.mark.xdist_group(str(shared.relative_to(REPOSITORY))))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with dtu/scan65, dtu/scan24, meshes, ...; the environment variable IDR_NEUS_SHARED_DATA names another."""
    folder = Path(os.environ.get("IDR_NEUS_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "dtu" / "scan65").is_dir():
        pytest.skip(f"needs the real data in {folder} (IDR_NEUS_SHARED_DATA names another folder)")
    return folder


@pytest.fixture(scope="session")
def tiny_scene(tmp_path_factory) -> Path:
    """A sample scene of 10 views of 64x64 with masks and noisy poses (1 degree, 3 mm); tests only read it."""
    from idr_neus_plugins.data.sample_scene import SampleSceneOptions, write_sample_scene

    folder = tmp_path_factory.mktemp("sample") / "tiny"
    write_sample_scene(folder, SampleSceneOptions(views=10, size=64, mesh_resolution=64, pose_noise=(1.0, 3.0)))
    return folder
