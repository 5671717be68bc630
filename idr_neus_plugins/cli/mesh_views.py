"""A mesh file in place of a model: pictures of it from the cameras of a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nerfstudio.cameras.cameras import Cameras
    from torch import Tensor


def mesh_outputs(path: Path, world_from_scene: np.ndarray) -> Callable[[Cameras], dict[str, Tensor]]:
    """What a model's ``get_outputs_for_camera`` gives (rgb, accumulation, normals), of the mesh in ``path``.

    The mesh is in the world frame, unless the record beside it (``<stem>.json``) says that it is in the scene's.
    Raises UserError for a file that holds no mesh.
    """
    import torch

    from idr_neus_plugins.data.views import pinhole_matrices
    from idr_neus_plugins.meshing.cameras import PinholeCamera
    from idr_neus_plugins.meshing.frames import to_frame
    from idr_neus_plugins.meshing.reading import read_mesh
    from idr_neus_plugins.meshing.rendering import MeshRenderer

    mesh = read_mesh(path)
    if not _is_in_scene_frame(path):
        mesh = to_frame(mesh, np.linalg.inv(world_from_scene))
    render = MeshRenderer(mesh)

    def outputs(camera: Cameras) -> dict[str, Tensor]:
        intrinsics, pose = (part[0].double().cpu().numpy() for part in pinhole_matrices(camera))
        picture = render(PinholeCamera(intrinsics, pose, (int(camera.height[0]), int(camera.width[0]))))
        normals = 0.5 + 0.5 * picture.normals
        named = {"rgb": picture.rgb, "accumulation": picture.accumulation, "normals": normals}
        return {name: torch.from_numpy(np.ascontiguousarray(value)).float() for name, value in named.items()}

    return outputs


def _is_in_scene_frame(path: Path) -> bool:
    record = path.with_suffix(".json")
    return record.is_file() and json.loads(record.read_text()).get("frame") == "scene"
