"""A mesh file in place of a model: pictures of it from the cameras of a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from idr_neus_plugins.reading import read_json

if TYPE_CHECKING:
    from nerfstudio.cameras.cameras import Cameras
    from torch import Tensor

    from idr_neus_plugins.meshing.mesh import Mesh


def mesh_outputs(path: Path, world_from_scene: np.ndarray) -> Callable[[Cameras], dict[str, Tensor]]:
    """What a model's ``get_outputs_for_camera`` gives (rgb, accumulation, normals), of the mesh in ``path``.

    Raises UserError for a file that holds no mesh.
    """
    import torch

    from idr_neus_plugins.data.views import pinhole_cameras
    from idr_neus_plugins.meshing.rendering import MeshRenderer

    render = MeshRenderer(read_scene_mesh(path, world_from_scene))

    def outputs(camera: Cameras) -> dict[str, Tensor]:
        picture = render(pinhole_cameras(camera)[0])
        normals = 0.5 + 0.5 * picture.normals
        named = {"rgb": picture.rgb, "accumulation": picture.accumulation, "normals": normals}
        return {name: torch.from_numpy(np.ascontiguousarray(value)).float() for name, value in named.items()}

    return outputs


def read_scene_mesh(path: Path, world_from_scene: np.ndarray) -> Mesh:
    """A mesh file in the scene's frame. It is in the world's, unless the record beside it (``<stem>.json``) says not.

    Raises UserError for a file that holds no mesh.
    """
    from idr_neus_plugins.meshing.frames import to_frame
    from idr_neus_plugins.meshing.reading import read_mesh

    mesh, record = read_mesh(path), path.with_suffix(".json")
    if record.is_file() and read_json(record).get("frame") == "scene":
        return mesh
    return to_frame(mesh, np.linalg.inv(world_from_scene))
