"""What a reader of another data set gives: shapes with the photographs that were taken of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.single_view.data.shape_set import Split
from idr_neus_plugins.single_view.reconstruction.framing import around_sphere, cut_out, seen_through
from idr_neus_plugins.single_view.shapes.shape import Shape
from idr_neus_plugins.single_view.shapes.writing import PhotographedView, split_by_share


@dataclass(frozen=True)
class Found:
    """A shape of a data set, not read yet."""

    name: str
    category: str
    folder: Path


@dataclass(frozen=True)
class SourceShape:
    """Shape and cameras in one frame of any scale, z up."""

    shape: Shape
    views: Sequence[PhotographedView]

    def normalised(self, size: int) -> SourceShape:
        """Moved as training shapes are, every image framed as theirs in ``size`` x ``size`` pixels."""
        matrix = self.shape.normalisation
        views = []
        for camera, image in self.views:
            near = moved(camera, matrix)
            window = around_sphere(near)
            views.append((seen_through(near, window, size), cut_out(image, window, size)))
        return SourceShape(self.shape.moved(matrix), views)


class Reader(ABC):
    """Of one layout."""

    @abstractmethod
    def find(self, root: Path) -> list[Found]:
        """All shapes below a folder. Raises UserError where there are none."""

    @abstractmethod
    def read(self, found: Found) -> SourceShape:
        """Raises UserError for files that are missing or wrong."""


def moved(camera: Camera, matrix: np.ndarray) -> Camera:
    """By a similarity [4, 4] that does not turn."""
    pose = camera.camera_to_scene.copy()
    pose[:, 3] = matrix[:3, :3] @ pose[:, 3] + matrix[:3, 3]
    return Camera(camera.intrinsics, pose, camera.size)


def splits_of(root: Path, found: Sequence[Found], test_share: float) -> list[Split]:
    """As the data set lists them (``<category>/test.lst``, ``<category>_test.lst`` or ``test_list_<category>.txt``), by
    the share of the last ones in every category that has no lists."""
    splits: dict[int, Split] = {}
    for category in dict.fromkeys(each.category for each in found):
        members = [place for place, each in enumerate(found) if each.category == category]
        listed = _listed(root, category)
        shared = split_by_share(len(members), test_share)
        for place, split in zip(members, shared, strict=True):
            splits[place] = listed.get(found[place].name, split if not listed else "train")
    return [splits[place] for place in range(len(found))]


def _listed(root: Path, category: str) -> dict[str, Split]:
    names: dict[str, Split] = {}
    all_splits: tuple[Split, ...] = ("train", "val", "test")
    for split in all_splits:
        for relative in (f"{category}/{split}.lst", f"{category}_{split}.lst", f"{split}_list_{category}.txt"):
            if (root / relative).is_file():
                names.update({name: split for name in (root / relative).read_text().split()})
    return names
