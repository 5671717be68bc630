"""A set of shapes on disk, and how it is read.

``shapes.json``: {"shapes": [{"name": "chair/0000", "category": "chair", "split": "train"}, ...], ...}. A shape's folder
has ``image/000.png`` ... (RGBA, straight alpha), ``samples.npz`` and ``mesh.ply``, its truth with colours. The npz:

| array | shape | |
|---|---|---|
| ``intrinsics`` | views 3 3 | pixels, pixel centres at half-integers |
| ``camera_to_scene`` | views 3 4 | OpenCV axes; z is up in the scene, the shape within 0.9 of its origin |
| ``points``, ``sdf`` | points 3, points | near the surface and anywhere in the unit sphere; scene units |
| ``surface``, ``colors`` | samples 3 | on the surface; 8-bit colours |
| ``occupancy`` | probes / 8 | bits: which of ``shapes.samples.probes`` lie inside |
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reading import as_data, load_npz, read_json

Split = Literal["train", "val", "test"]

RECORD, SAMPLES, MESH, IMAGES = "shapes.json", "samples.npz", "mesh.ply", "image"
AGAIN = "Make the set again: idr-neus make-shapes."


@dataclass(frozen=True)
class ShapeEntry:
    """One shape of a set."""

    name: str
    """Folder within the set."""
    category: str
    split: Split
    folder: Path

    @property
    def images(self) -> list[Path]:
        """In the order of the cameras."""
        return sorted((self.folder / IMAGES).glob("*.png"))

    def arrays(self, *names: str) -> dict[str, np.ndarray]:
        """These arrays of the npz. Raises UserError where they cannot be read."""
        path = self.folder / SAMPLES
        with as_data(path, "a shape's samples", AGAIN):
            content = load_npz(path)
            return {name: content[name] for name in names}


def read_shape_set(folder: Path) -> list[ShapeEntry]:
    """All shapes of a set. Raises UserError where the folder is none."""
    path = folder / RECORD
    if not path.is_file():
        raise UserError(f"{folder} is no set of shapes: there is no {RECORD}. Make one: idr-neus make-shapes {folder}")
    record = read_json(path)
    with as_data(path, "a set of shapes", AGAIN):
        rows = record["shapes"]
        entries = [ShapeEntry(row["name"], row["category"], row["split"], folder / row["name"]) for row in rows]
    if wrong := {entry.split for entry in entries} - set(get_args(Split)):
        raise UserError(f"{path} names splits {sorted(wrong)}; known are {', '.join(get_args(Split))}.")
    return entries


def of_split(entries: list[ShapeEntry], split: Split) -> list[ShapeEntry]:
    """Raises UserError where there are none."""
    chosen = [entry for entry in entries if entry.split == split]
    if not chosen:
        raise UserError(f"The set has no shapes for '{split}'. Make a larger one: idr-neus make-shapes DIR --count 200")
    return chosen
