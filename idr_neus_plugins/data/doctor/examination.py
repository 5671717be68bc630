"""What the checks look at: cameras in the normalised scene, reduced pictures and masks, read once."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Float, UInt8

from idr_neus_plugins.data.doctor.finding import name_views
from idr_neus_plugins.data.doctor.matches import PairMatches, match_neighbours
from idr_neus_plugins.data.files import read_pixels
from idr_neus_plugins.data.foreground import read_foreground
from idr_neus_plugins.data.formats.scene import PosedScene, camera_in_scene
from idr_neus_plugins.data.masks import reduced_size

T = TypeVar("T")

PIXELS_ACROSS = 800.0
"""Pictures are reduced to this; most of what ruins a run can be seen at this size."""


@dataclass(frozen=True)
class Examination:
    """A scene under examination. Frame: the normalised scene, region of interest = unit sphere; OpenCV cameras.

    ``pairs`` bounds how many pairs of pictures are matched.
    """

    scene: PosedScene
    name: str
    """What the user called it; commands that fix things repeat it."""
    pairs: int
    in_alpha: bool | None = None
    """Whether masks are in the pictures' alpha channel; None: look."""
    numbers: tuple[int, ...] | None = None
    """What the views are called in findings, where they are some of a larger scene's; None: 0, 1, 2, …"""

    def __len__(self) -> int:
        return len(self.scene.views)

    def of_each_view(self, function: Callable[[int], T]) -> list[T]:
        """What a function of the view's number says of each; in threads, because image files take long to decode."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(function, range(len(self))))

    @cached_property
    def world_from_scene(self) -> Float[np.ndarray, "4 4"]:
        return self.scene.region()

    @cached_property
    def camera_to_scene(self) -> Float[np.ndarray, "views 4 4"]:
        return camera_in_scene(np.stack([view.camera_to_world for view in self.scene.views]), self.world_from_scene)

    @cached_property
    def shrinks(self) -> list[float]:
        """Pixels of the file per pixel of the reduced picture."""
        return [reduced_size(view.size, PIXELS_ACROSS)[1] for view in self.scene.views]

    @cached_property
    def sizes(self) -> list[tuple[int, int]]:
        """(height, width) of the reduced pictures."""
        return [reduced_size(view.size, PIXELS_ACROSS)[0] for view in self.scene.views]

    @cached_property
    def intrinsics(self) -> Float[np.ndarray, "views 3 3"]:
        """For the reduced pictures, pixel centres on half-integers."""
        scaled = np.stack([view.intrinsics for view in self.scene.views])
        scaled[:, :2] /= np.array(self.shrinks)[:, None, None]
        return scaled

    @cached_property
    def pictures(self) -> list[UInt8[np.ndarray, "_h _w 3"]]:
        return self.of_each_view(
            lambda i: read_pixels(self.scene.views[i].image, "RGB", self.sizes[i], self.shrinks[i])
        )

    @cached_property
    def foreground(self) -> list[Bool[np.ndarray, "_h _w"]] | None:
        """Reduced masks as the files say, from mask files or alpha; None for scenes without."""
        there = self.scene.has_masks or self.in_alpha if self.in_alpha is not None else self.scene.has_foreground
        if not there:
            return None
        views = self.scene.views
        return self.of_each_view(
            lambda i: read_foreground(views[i].image, views[i].mask, self.sizes[i], self.shrinks[i]) >= 128
        )

    @cached_property
    def matches(self) -> list[PairMatches]:
        """Points that pairs of pictures have in common, by the pictures alone: the cameras have no say in it."""
        rotations = self.camera_to_scene[:, :3, :3]
        return match_neighbours(self.pictures, self.foreground, rotations, self.pairs)

    @property
    def where(self) -> Path:
        return self.scene.views[0].image.parent

    def called(self, views: Sequence[int]) -> tuple[int, ...]:
        """Numbers of these views in the whole scene."""
        return tuple(int(view if self.numbers is None else self.numbers[view]) for view in views)

    def names(self, views: Sequence[int]) -> str:
        """These views in a sentence."""
        return name_views(self.called(views))

    def drop(self, views: Sequence[int]) -> str:
        """The command that writes a copy without these views."""
        return self.convert("--drop-views " + " ".join(map(str, self.called(views))))

    def convert(self, options: str) -> str:
        """The command that writes a corrected copy of the scene."""
        return f"idr-neus convert {self.name} {Path(self.name).stem}-fixed --to idr {options}"
