"""What every layout becomes: nerfstudio's parser outputs with the metadata that surface methods read.

``metadata``: "world_from_scene" [4, 4] float64 (``scale_mat``); "all_cameras" of the scene, held-out ones too;
"view_indices", positions in the whole scene; "shrink", pixels of the files per pixel of the cameras; for scenes with
masks "foreground_filenames" or "foreground_in_alpha".
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from nerfstudio.cameras.cameras import Cameras, CameraType
from nerfstudio.data.dataparsers.base_dataparser import DataparserOutputs
from nerfstudio.data.scene_box import SceneBox
from nerfstudio.utils.rich_utils import CONSOLE

from idr_neus_plugins.core.camera import flip_axes
from idr_neus_plugins.core.similarity import Similarity
from idr_neus_plugins.data.foreground import read_mask
from idr_neus_plugins.data.formats.scene import PosedScene, View, camera_in_scene
from idr_neus_plugins.data.masks import masks_are_useful
from idr_neus_plugins.data.region import views_without_region
from idr_neus_plugins.errors import UserError


def surface_outputs(scene: PosedScene) -> DataparserOutputs:
    """Outputs for all views of a scene in the box [-1, 1]^3. Masks come from files or else from the images' alpha.

    Raises UserError for masks that cannot be right, cameras that do not see the region of interest, and a
    transformation that is no similarity.
    """
    world_from_scene = scene.region()
    poses = camera_in_scene(np.stack([view.camera_to_world for view in scene.views]), world_from_scene)
    _refuse_blind(scene, poses)
    cameras = nerfstudio_cameras(scene.views, poses)
    scale, rotation, translation = Similarity.of(world_from_scene, "The transformation from scene to world")
    transform = torch.from_numpy(np.concatenate([rotation.T, -rotation.T @ translation[:, None]], 1)).float()
    metadata: dict = {
        "world_from_scene": torch.from_numpy(world_from_scene),
        "all_cameras": cameras,
        "view_indices": list(range(len(scene.views))),
        "shrink": 1.0,
    }
    metadata |= _foreground(scene, world_from_scene)
    return DataparserOutputs(
        image_filenames=[view.image for view in scene.views],
        cameras=cameras,
        scene_box=SceneBox(aabb=torch.tensor([[-1.0] * 3, [1.0] * 3])),
        metadata=metadata,
        dataparser_transform=transform,
        dataparser_scale=1.0 / scale,
    )


def nerfstudio_cameras(views: tuple[View, ...], camera_to_scene: Float[np.ndarray, "views 4 4"]) -> Cameras:
    """The cameras in nerfstudio's terms: OpenGL axes (y up, z backward), single precision."""
    intrinsics = torch.from_numpy(np.stack([view.intrinsics for view in views])).float()
    heights, widths = torch.tensor([view.size for view in views]).T
    types = torch.tensor([(CameraType.FISHEYE if view.is_fisheye else CameraType.PERSPECTIVE).value for view in views])
    lenses = torch.tensor([view.distortion for view in views]).float()
    return Cameras(
        camera_to_worlds=torch.from_numpy(flip_axes(camera_to_scene[:, :3])).float(),
        fx=intrinsics[:, 0, 0],
        fy=intrinsics[:, 1, 1],
        cx=intrinsics[:, 0, 2],
        cy=intrinsics[:, 1, 2],
        width=widths,
        height=heights,
        distortion_params=lenses if bool(lenses.any()) else None,
        camera_type=types[:, None],
        metadata={},  # nerfstudio's export of refined cameras writes into it
    )


def views_of(outputs: DataparserOutputs) -> tuple[View, ...]:
    """The other way, for cameras of the files as they lie on disk, of which training may see reduced ones."""
    cameras, shrink = outputs.cameras, outputs.metadata["shrink"]
    masks = outputs.metadata.get("foreground_filenames") or [None] * len(cameras)
    poses = np.tile(np.eye(4), (len(cameras), 1, 1))
    poses[:, :3] = flip_axes(cameras.camera_to_worlds.double().numpy())
    views = []
    for number, (image, mask) in enumerate(zip(outputs.image_filenames, masks, strict=True)):
        fx, fy, cx, cy, height, width = (
            float(getattr(cameras, name)[number]) * shrink for name in ("fx", "fy", "cx", "cy", "height", "width")
        )
        intrinsics = np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]])
        views.append(View(image, mask, (int(height + 1e-3), int(width + 1e-3)), intrinsics, poses[number]))
    return tuple(views)


def _refuse_blind(scene: PosedScene, poses: Float[np.ndarray, "views 4 4"]) -> None:
    unseen = views_without_region(scene.views, poses)
    if 2 * len(unseen) >= len(scene.views):
        remedy = "say where it is with --region X Y Z RADIUS"
        if scene.world_from_scene is not None:
            remedy = "say where it is with `idr-neus convert SCENE NEW --region X Y Z RADIUS`"
        raise UserError(
            f"{len(unseen)} of {len(scene.views)} cameras do not see the region of interest, the first is that of "
            f"{scene.views[unseen[0]].image}. The cameras belong to other images or have other axes "
            f"(`idr-neus convert SCENE NEW --flip-axes`, or `--invert-poses`), or the region is misplaced: {remedy}."
        )


def _foreground(scene: PosedScene, world_from_scene: Float[np.ndarray, "4 4"]) -> dict:
    """The metadata's entry for masks, if there are any that say something; one line says what they are."""
    if not scene.has_foreground:
        return {}
    if not masks_are_useful(scene, world_from_scene):
        CONSOLE.print("The masks are all foreground, so they are left out.")
        return {}
    first = scene.views[0].mask
    if first is None:
        CONSOLE.print("Masks: the photographs' transparency.")
        return {"foreground_in_alpha": True}
    _, meaning = read_mask(first)
    CONSOLE.print(f"Masks: {first.parent}; the object is {meaning}.", soft_wrap=True, markup=False)
    return {"foreground_filenames": [view.mask for view in scene.views]}


def shrink_images(outputs: DataparserOutputs, factor: float) -> DataparserOutputs:
    """Cameras for images averaged over ``factor`` x ``factor`` pixels; the data set does the averaging."""
    cameras = outputs.cameras
    shrunk = replace(
        cameras,
        **{name: getattr(cameras, name) / factor for name in ("fx", "fy", "cx", "cy")},
        **{name: (getattr(cameras, name).double() / factor + 1e-6).long() for name in ("height", "width")},
    )
    return replace(outputs, cameras=shrunk, metadata={**outputs.metadata, "shrink": factor, "all_cameras": shrunk})


def select_views(outputs: DataparserOutputs, views: list[int]) -> DataparserOutputs:
    """The outputs for these views only, in this order."""
    metadata = dict(outputs.metadata)
    for key in ("view_indices", "foreground_filenames"):
        if key in metadata:
            metadata[key] = [metadata[key][view] for view in views]
    return replace(
        outputs,
        cameras=outputs.cameras[torch.tensor(views)],
        image_filenames=[outputs.image_filenames[view] for view in views],
        metadata=metadata,
    )
