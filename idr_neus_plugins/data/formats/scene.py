"""A scene that belongs to no file format: what every reader gives and every writer takes.

World: the right-handed frame and units of the files, in double precision. Cameras: OpenCV (x right, y down, z
forward), pixel centres on half-integers (the centre of the upper left pixel is (0.5, 0.5)).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.core.similarity import Similarity

NO_DISTORTION = (0.0,) * 6
SCENE_TO_WORLD = "The transformation from scene to world"


@dataclass(frozen=True)
class View:
    """One photograph with its camera."""

    image: Path
    mask: Path | None
    size: tuple[int, int]
    """(height, width)."""
    intrinsics: Float[np.ndarray, "3 3"]
    """K, pixels."""
    camera_to_world: Float[np.ndarray, "4 4"]
    """Rigid."""
    distortion: tuple[float, ...] = NO_DISTORTION
    """k1, k2, k3, k4, p1, p2 of OpenCV's polynomial, in nerfstudio's order."""
    is_fisheye: bool = False
    """Equidistant: a ray's angle with the optical axis, not its tangent, is the distance from the principal point."""

    @property
    def is_pinhole(self) -> bool:
        return not any(self.distortion) and not self.is_fisheye


@dataclass(frozen=True)
class PosedScene:
    """All views of a scene and, where the format tells it, the region of interest."""

    views: tuple[View, ...]
    world_from_scene: Float[np.ndarray, "4 4"] | None
    """Takes the unit sphere around the object to the world (``scale_mat``); None for formats that do not tell."""
    masks_inverted: bool = False
    """The mask files say the opposite of what they should; writers turn them round."""
    held_out: tuple[int, ...] = ()
    """Views that the data set itself holds out from training."""

    @property
    def has_masks(self) -> bool:
        """There are mask files."""
        return all(view.mask is not None for view in self.views)

    @cached_property
    def has_foreground(self) -> bool:
        """There are mask files, or else the photographs' transparency. Raises UserError where only some have it."""
        from idr_neus_plugins.data.masks import alpha_holds_masks

        return self.has_masks or alpha_holds_masks([view.image for view in self.views])

    def region(self) -> Float[np.ndarray, "4 4"]:
        """The region of interest: the given one or else around what the masks hold or the cameras look at.

        Raises UserError where neither tells.
        """
        from idr_neus_plugins.data.region import find_region

        return find_region(self) if self.world_from_scene is None else self.world_from_scene


def camera_in_scene(
    camera_to_world: Float[np.ndarray, "*views 4 4"], world_from_scene: Float[np.ndarray, "4 4"]
) -> Float[np.ndarray, "*views 4 4"]:
    """Rigid camera-to-scene poses of cameras in the world."""
    return Similarity.of(world_from_scene, SCENE_TO_WORLD).inverse().cameras(camera_to_world)


def camera_in_world(
    camera_to_scene: Float[np.ndarray, "*views 4 4"], world_from_scene: Float[np.ndarray, "4 4"]
) -> Float[np.ndarray, "*views 4 4"]:
    """The other way."""
    return Similarity.of(world_from_scene, SCENE_TO_WORLD).cameras(camera_to_scene)
