"""What every scene must fulfil, whatever file it came from: rotations, focal lengths, sizes, places of the cameras."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float

from idr_neus_plugins.data.files import image_size, lies_on_its_side
from idr_neus_plugins.data.formats.scene import PosedScene, View
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reading import matrix

LEAST_FOCAL, MOST_FOCAL = 0.05, 100.0
"""Of the photograph's longer side. The longest telephoto lenses reach 70."""
FARTHEST_PRINCIPAL_POINT = 5.0
"""Sizes of the photograph from its corner; crops may have it outside."""
LEAST_ROTATION = 2e-3
"""How far the rows of a rotation may be from orthonormal; files with three decimals reach 1e-3."""
LEAST_BASELINE = 1e-5
"""Of the cameras' distance from what they look at: all nearer to each other stand in one place."""


def checked(scene: PosedScene) -> PosedScene:
    """The scene with rigid poses and cameras for its photographs' sizes.

    Raises UserError that names the photograph for a pose that is none or mirrored, an impossible focal length, a
    photograph or mask of another size, and a scene whose cameras all stand in one place.
    """
    scene = replace(scene, views=tuple(_checked_view(view) for view in scene.views))
    _refuse_mirrored(scene.views)
    _refuse_repeated(scene.views)
    _refuse_one_place(scene)
    return scene


def _checked_view(view: View) -> View:
    view = fitted(view)
    _check_lens(view)
    if view.mask is not None:
        _check_mask(view)
    return replace(view, camera_to_world=rigid(view.camera_to_world, f"The camera of {view.image}"))


def pose_matrix(value: Any, what: str) -> Float[np.ndarray, "4 4"]:
    """A rigid pose out of a file, 3x4 or 4x4 numbers. Raises UserError for anything else."""
    if isinstance(value, (list, np.ndarray)) and len(value) in (4, 16):
        return rigid(matrix(value, 4, 4, what), what)
    return rigid(np.vstack([matrix(value, 3, 4, what), [[0.0, 0.0, 0.0, 1.0]]]), what)


def rigid(pose: Float[np.ndarray, "4 4"], what: str) -> Float[np.ndarray, "4 4"]:
    """The pose with its rotation made exact; one that is scaled throughout loses the scale, the place stays.

    Raises UserError for NaN, and for axes that are not orthogonal or differ in length. Mirrored ones pass.
    """
    if not np.isfinite(pose).all():
        raise UserError(f"{what} holds NaN or infinite numbers: it was not estimated. Remove the view.")
    if not np.allclose(pose[3], [0, 0, 0, 1], atol=1e-6):
        raise UserError(f"{what} has the last row {pose[3].tolist()}; 0 0 0 1 is expected. Correct it.")
    block = pose[:3, :3]
    scale = float(np.sqrt((block**2).sum() / 3))
    if not scale > 1e-9:
        raise UserError(f"{what} has no rotation: its axes have no length. Remove the view.")
    left, _, right = np.linalg.svd(block / scale)
    off = float(np.abs(block.T @ block / scale**2 - np.eye(3)).max())
    if off > LEAST_ROTATION:
        raise UserError(
            f"{what} has no rotation: its axes are {off:.2g} off from orthogonal and of one length. Estimate the "
            "camera again or remove the view."
        )
    exact = pose.copy()
    exact[:3, :3] = left @ right
    return exact


def fitted(view: View) -> View:
    """The view with its camera for the size that the photograph has: both sides reduced or enlarged alike."""
    found = image_size(view.image)
    if found == view.size:
        return view
    (height, width), (made_height, made_width) = found, view.size
    if min(made_height, made_width) < 1:
        raise UserError(f"The camera of {view.image} is made for {made_width}x{made_height} pixels. Correct the file.")
    factor = np.sqrt(height * width / (made_height * made_width))
    if max(abs(height - factor * made_height), abs(width - factor * made_width)) > max(1.0, factor):
        raise UserError(
            f"{view.image} has {width}x{height} pixels, but its camera is made for {made_width}x{made_height}. "
            + (
                "The photograph was turned after the camera was made: turn it back."
                if (width, height) == (made_height, made_width)
                else "Use the photographs that the cameras were made for: a cropped one needs another camera."
            )
        )
    scales = np.array([width / made_width, height / made_height, 1.0])
    return replace(view, size=found, intrinsics=view.intrinsics * scales[:, None])


def _check_lens(view: View) -> None:
    longest = max(view.size)
    matrix = view.intrinsics
    focal = np.diag(matrix)[:2] / longest
    if not (np.isfinite(matrix).all() and (focal > LEAST_FOCAL).all() and (focal < MOST_FOCAL).all()):
        raise UserError(
            f"The camera of {view.image} has the focal lengths {matrix[0, 0]:.6g} and {matrix[1, 1]:.6g} pixels for "
            f"{view.size[1]}x{view.size[0]} pixels; they must be {LEAST_FOCAL:g} to {MOST_FOCAL:g} times the longer "
            "side. Correct the file or remove the view."
        )
    away = np.abs(matrix[:2, 2] / [view.size[1], view.size[0]] - 0.5).max()
    if away > FARTHEST_PRINCIPAL_POINT:
        raise UserError(
            f"The camera of {view.image} has its principal point at ({matrix[0, 2]:.6g}, {matrix[1, 2]:.6g}), far "
            f"outside of {view.size[1]}x{view.size[0]} pixels. Correct the file or remove the view."
        )
    if not np.isfinite(view.distortion).all() or np.abs(view.distortion).max() > 1e3:
        raise UserError(f"The camera of {view.image} has the impossible lens {view.distortion}. Remove the view.")


def _check_mask(view: View) -> None:
    assert view.mask is not None
    found = image_size(view.mask, deep=True)
    if found == view.size or (found == view.size[::-1] and lies_on_its_side(view.image) is not None):
        return
    raise UserError(
        f"{view.mask} has {found[1]}x{found[0]} pixels, but its image {view.image.name} has "
        f"{view.size[1]}x{view.size[0]}. Resize the mask to the photograph."
    )


def _refuse_mirrored(views: tuple[View, ...]) -> None:
    mirrored = [view for view in views if np.linalg.det(view.camera_to_world[:3, :3]) < 0]
    if not mirrored:
        return
    remedy = "They contradict the others: estimate them again or remove these views."
    if len(mirrored) == len(views):
        remedy = (
            "The world is left-handed, as that of Unity or Unreal: `idr-neus convert SCENE NEW --mirror z` writes it "
            "right-handed, with z turned round."
        )
    raise UserError(
        f"{len(mirrored)} of {len(views)} cameras are mirrored (determinant -1), the first is that of "
        f"{mirrored[0].image}. {remedy}"
    )


def _refuse_repeated(views: tuple[View, ...]) -> None:
    seen = set()
    for view in views:
        if view.image in seen:
            raise UserError(f"{view.image} is listed twice, with two cameras. Remove the wrong one from the list.")
        seen.add(view.image)


def _refuse_one_place(scene: PosedScene) -> None:
    centres = np.stack([view.camera_to_world[:3, 3] for view in scene.views])
    spread = np.linalg.norm(centres - centres.mean(0), axis=1).max()
    distance = 0.0
    if scene.world_from_scene is not None:
        distance = float(np.linalg.norm(centres - scene.world_from_scene[:3, 3], axis=1).min())
    noise = 1e-9 * np.abs(centres).max()
    if len(centres) > 1 and spread <= max(LEAST_BASELINE * distance, noise):
        raise UserError(
            f"All {len(centres)} cameras stand in one place, as on a tripod, so there is no parallax from which a "
            "surface could come. Walk around the object, and estimate the cameras again."
        )
