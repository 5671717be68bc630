"""Small changes to a scene that make wrong conventions right; ``idr-neus doctor`` says which one a scene needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from idr_neus_plugins.core import camera
from idr_neus_plugins.data.formats.scene import PosedScene, View
from idr_neus_plugins.data.region import sphere_to_matrix
from idr_neus_plugins.errors import UserError

Axis = Literal["x", "y", "z"]


def shift_principal_points(scene: PosedScene, shift: tuple[float, float]) -> PosedScene:
    """Adds (x, y) pixels to every principal point: (0.5, 0.5) for files that count pixel centres from zero."""
    offset = np.zeros((3, 3))
    offset[:2, 2] = shift
    return _change_views(scene, lambda view: replace(view, intrinsics=view.intrinsics + offset))


def flip_axes(scene: PosedScene) -> PosedScene:
    """Cameras that were stored as OpenGL (y up, z backward) where OpenCV (y down, z forward) was expected, or back."""
    return _change_views(scene, lambda view: replace(view, camera_to_world=camera.flip_axes(view.camera_to_world)))


def invert_poses(scene: PosedScene) -> PosedScene:
    """World-to-camera matrices that were stored where camera-to-world was expected, or back."""
    return _change_views(scene, lambda view: replace(view, camera_to_world=np.linalg.inv(view.camera_to_world)))


def mirror_world(scene: PosedScene, axis: Axis) -> PosedScene:
    """A left-handed world made right-handed, by turning one of its axes round."""
    mirror = np.eye(4)
    mirror["xyz".index(axis), "xyz".index(axis)] = -1.0
    region = scene.world_from_scene
    mirrored = replace(scene, world_from_scene=None if region is None else mirror @ region @ mirror)
    return _change_views(mirrored, lambda view: replace(view, camera_to_world=mirror @ view.camera_to_world))


def drop_views(scene: PosedScene, numbers: Sequence[int]) -> PosedScene:
    """Without these views, counted from 0. Raises UserError for a number that no view has."""
    unknown = [number for number in numbers if not 0 <= number < len(scene.views)]
    if unknown:
        raise UserError(f"There are no views {unknown}; they are numbered 0 to {len(scene.views) - 1}.")
    kept = [number for number in range(len(scene.views)) if number not in set(numbers)]
    if not kept:
        raise UserError("No view would be left.")
    held_out = tuple(place for place, number in enumerate(kept) if number in set(scene.held_out))
    return replace(scene, views=tuple(scene.views[number] for number in kept), held_out=held_out)


def drop_masks(scene: PosedScene) -> PosedScene:
    return _change_views(scene, lambda view: replace(view, mask=None))


def invert_masks(scene: PosedScene) -> PosedScene:
    """Black and white exchanged. Raises UserError where there are no mask files."""
    if not scene.has_masks:
        raise UserError("The scene has no mask files that could be inverted.")
    return replace(scene, masks_inverted=not scene.masks_inverted)


def set_region(scene: PosedScene, sphere: Sequence[float]) -> PosedScene:
    """The region of interest is this sphere: (x, y, z, radius) in the world."""
    return replace(scene, world_from_scene=sphere_to_matrix(sphere))


def _change_views(scene: PosedScene, change) -> PosedScene:
    views: tuple[View, ...] = tuple(change(view) for view in scene.views)
    return replace(scene, views=views)
