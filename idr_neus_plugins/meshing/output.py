"""A built mesh into its files: frame, units and matrix go with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from idr_neus_plugins.meshing.build import Built
from idr_neus_plugins.meshing.files import write_mesh
from idr_neus_plugins.meshing.frames import Frame, frame_record, to_frame
from idr_neus_plugins.writing import write_json


def write_built(built: Built, path: Path, frame: Frame, world_from_scene: np.ndarray) -> dict[str, Any]:
    """Writes the mesh to ``path`` in ``frame`` and ``<stem>.json`` beside it; returns what that holds."""
    mesh = to_frame(built.mesh, world_from_scene) if frame == "world" else built.mesh
    place = frame_record(frame, world_from_scene)
    files = write_mesh(mesh, path, place)
    record = place | built.report | {"files": [file.name for file in files]}
    write_json(path.with_suffix(".json"), record)
    return record
