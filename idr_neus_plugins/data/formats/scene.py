"""A scene that belongs to no file format: what every reader gives and every writer takes.

World: the right-handed frame and units of the files. Cameras: OpenCV (x right, y down, z forward), pixel centres on
half-integers (the centre of the upper left pixel is (0.5, 0.5)).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from nerfstudio.cameras.cameras import Cameras, CameraType

from idr_neus_plugins.data.files import has_alpha
from idr_neus_plugins.data.region import find_region

NO_DISTORTION = (0.0,) * 6


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

    @property
    def is_pinhole(self) -> bool:
        return not any(self.distortion)


@dataclass(frozen=True)
class PosedScene:
    """All views of a scene and, where the format tells it, the region of interest."""

    views: tuple[View, ...]
    world_from_scene: Float[np.ndarray, "4 4"] | None
    """Takes the unit sphere around the object to the world (``scale_mat``); None for formats that do not tell."""
    masks_inverted: bool = False
    """The mask files say the opposite of what they should; writers turn them round."""

    @property
    def has_masks(self) -> bool:
        return all(view.mask is not None for view in self.views)

    def region(self) -> Float[np.ndarray, "4 4"]:
        """The region of interest: the given one or else around what the masks hold or the cameras look at.

        Raises UserError where neither tells.
        """
        if self.world_from_scene is not None:
            return self.world_from_scene
        images = [view.image for view in self.views]
        masks = [view.mask for view in self.views if view.mask is not None] if self.has_masks else None
        return find_region(cameras_of(self.views), images, masks, masks is not None or has_alpha(images[0]))


def cameras_of(views: tuple[View, ...]) -> Cameras:
    """The same cameras in nerfstudio's terms (OpenGL axes, single precision), in the world."""
    poses = np.stack([view.camera_to_world for view in views])[:, :3] * [1.0, -1.0, -1.0, 1.0]
    intrinsics = torch.from_numpy(np.stack([view.intrinsics for view in views])).float()
    heights, widths = torch.tensor([view.size for view in views]).T
    return Cameras(
        camera_to_worlds=torch.from_numpy(poses).float(),
        fx=intrinsics[:, 0, 0],
        fy=intrinsics[:, 1, 1],
        cx=intrinsics[:, 0, 2],
        cy=intrinsics[:, 1, 2],
        width=widths,
        height=heights,
        distortion_params=torch.tensor([view.distortion for view in views]).float(),
        camera_type=CameraType.PERSPECTIVE,
    )
