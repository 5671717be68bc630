"""What is scored: a shape that somebody predicts from one image."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Float16, UInt8

from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.single_view.data.shape_set import ShapeEntry
from idr_neus_plugins.single_view.shapes.samples import PROBES

if TYPE_CHECKING:
    from idr_neus_plugins.meshing.mesh import Mesh


@dataclass(frozen=True)
class Photograph:
    """What a predictor is given."""

    image: UInt8[np.ndarray, "h w 4"]
    camera: Camera
    category: str
    """For the mean shape alone; others do not look at it."""


@dataclass(frozen=True)
class Prediction:
    occupancy: Bool[np.ndarray, " probes"]
    """Which of ``samples.probes`` are said to lie inside."""
    colors: Float[np.ndarray, "points 3"]
    """In [0, 1], at the points that were asked."""
    mesh: Mesh | None = None
    """Scene frame; None where there is none or none was asked for."""


class Predictor(ABC):
    """From a photograph to a shape in the frame of its camera's scene."""

    name: str

    @abstractmethod
    def __call__(self, photograph: Photograph, points: Float16[np.ndarray, "points 3"]) -> Prediction:
        """The shape, and its colours at ``points`` of the true surface."""


def read_photograph(entry: ShapeEntry, view: int) -> Photograph:
    """One view of a shape."""
    from PIL import Image

    arrays = entry.arrays("intrinsics", "camera_to_scene")
    image = np.asarray(Image.open(entry.images[view]).convert("RGBA"))
    height, width = image.shape[:2]
    camera = Camera(arrays["intrinsics"][view], arrays["camera_to_scene"][view], (height, width))
    return Photograph(image, camera, entry.category)


def true_occupancy(entry: ShapeEntry) -> Bool[np.ndarray, " probes"]:
    return np.unpackbits(entry.arrays("occupancy")["occupancy"])[:PROBES].astype(bool)
