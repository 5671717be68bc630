"""What every layout becomes: nerfstudio's parser outputs with the metadata that surface methods read.

``metadata``: "world_from_scene" [4, 4] float64 (``scale_mat``); "all_cameras" of the scene, held-out ones too;
"view_indices", positions in the whole scene; "shrink", pixels of the files per pixel of the cameras; for scenes with
masks "foreground_filenames" or "foreground_in_alpha".
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from nerfstudio.cameras.cameras import Cameras
from nerfstudio.data.dataparsers.base_dataparser import DataparserOutputs
from nerfstudio.data.scene_box import SceneBox
from nerfstudio.utils.rich_utils import CONSOLE

from idr_neus_plugins.data.files import has_alpha
from idr_neus_plugins.data.masks import masks_are_useful
from idr_neus_plugins.data.projection import split_similarity
from idr_neus_plugins.data.region import views_without_region
from idr_neus_plugins.data.views import pinhole_matrices
from idr_neus_plugins.errors import UserError


def surface_outputs(
    cameras: Cameras, images: list[Path], masks: list[Path] | None, world_from_scene: Float[np.ndarray, "4 4"]
) -> DataparserOutputs:
    """Outputs for all views of a scene in the box [-1, 1]^3. Masks come from files or else from the images' alpha.

    Raises UserError for masks that cannot be right, cameras that do not see the region of interest, and a
    transformation that is no similarity.
    """
    unseen = views_without_region(cameras)
    if 2 * len(unseen) >= len(images):
        raise UserError(
            f"{len(unseen)} of {len(images)} cameras do not see the region of interest, the first is that of "
            f"{images[unseen[0]]}. The cameras belong to other images, or the region (scale_mat) is misplaced."
        )
    # nerfstudio's export of refined cameras writes into it.
    cameras = replace(cameras, metadata=cameras.metadata or {})
    scale, rotation, translation = split_similarity(world_from_scene, "The transformation from scene to world")
    transform = torch.from_numpy(np.concatenate([rotation.T, -rotation.T @ translation[:, None]], 1)).float()
    metadata: dict = {
        "world_from_scene": torch.from_numpy(world_from_scene),
        "all_cameras": cameras,
        "view_indices": list(range(len(images))),
        "shrink": 1.0,
    }
    metadata |= _foreground(cameras, images, masks)
    return DataparserOutputs(
        image_filenames=images,
        cameras=cameras,
        scene_box=SceneBox(aabb=torch.tensor([[-1.0] * 3, [1.0] * 3])),
        metadata=metadata,
        dataparser_transform=transform,
        dataparser_scale=1.0 / scale,
    )


def _foreground(cameras: Cameras, images: list[Path], masks: list[Path] | None) -> dict:
    """The metadata's entry for masks, if there are any that say something."""
    if masks is None and not has_alpha(images[0]):
        return {}
    intrinsics, camera_to_scene = (part.double().numpy() for part in pinhole_matrices(cameras))
    sizes = list(zip(cameras.height[:, 0].tolist(), cameras.width[:, 0].tolist(), strict=True))
    if masks_are_useful(images, masks, sizes, intrinsics, camera_to_scene):
        return {"foreground_filenames": masks} if masks else {"foreground_in_alpha": True}
    CONSOLE.print("The masks are all foreground, so they are left out.")
    return {}


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
