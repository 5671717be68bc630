"""Cutting a mesh by the masks of a scene's folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.evaluation.protocols import CullName

if TYPE_CHECKING:
    import trimesh


def cull_by_scene(mesh: trimesh.Trimesh, scene_folder: Path, name: CullName) -> trimesh.Trimesh:
    """The part of a world-frame mesh that the scene's masks, grown by a named amount, allow.

    Raises UserError where the scene has no masks or nothing of the mesh is left.
    """
    import numpy as np

    from idr_neus_plugins.data.files import read_pixels
    from idr_neus_plugins.data.idr_scene import read_idr_scene
    from idr_neus_plugins.data.projection import world_mat
    from idr_neus_plugins.evaluation.culling import cull_by_masks
    from idr_neus_plugins.evaluation.protocols import CULLS

    scene = read_idr_scene(scene_folder)
    if scene.mask_filenames is None:
        raise UserError(f"{scene_folder} has no masks to cut by: leave out --cull.")
    views = zip(scene.intrinsics, scene.camera_to_scene, strict=True)
    projections = np.stack([world_mat(*view, scene.world_from_scene)[:3] for view in views])
    sized = zip(scene.mask_filenames, scene.sizes, strict=True)
    masks = (read_pixels(path, "L", size, 1.0) > 127 for path, size in sized)
    kept = cull_by_masks(mesh, projections, masks, CULLS[name])
    if len(kept.faces) == 0:
        raise UserError(f"Nothing of the mesh lies within the masks of {scene_folder}: is it in the world frame?")
    return kept
