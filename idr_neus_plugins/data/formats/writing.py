"""The writers by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from idr_neus_plugins.data.formats.colmap import write_colmap
from idr_neus_plugins.data.formats.idr import write_idr
from idr_neus_plugins.data.formats.scene import PosedScene
from idr_neus_plugins.data.formats.sdfstudio import write_sdfstudio
from idr_neus_plugins.data.formats.transforms import write_transforms
from idr_neus_plugins.writing import whole_folder

FormatName = Literal["idr", "transforms", "sdfstudio", "colmap"]

WRITERS: Mapping[FormatName, Callable[[PosedScene, Path], None]] = {
    "idr": write_idr,
    "transforms": write_transforms,
    "sdfstudio": write_sdfstudio,
    "colmap": write_colmap,
}


def write_posed_scene(scene: PosedScene, folder: Path, name: FormatName) -> None:
    """Writes the scene, files and all, into a new folder that appears whole.

    Raises UserError where the folder holds something or the format cannot express the scene.
    """
    with whole_folder(folder) as partial:
        WRITERS[name](scene, partial)
