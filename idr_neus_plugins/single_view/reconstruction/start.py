"""A reconstructed object as the surface that a training on more photographs starts from."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float

from idr_neus_plugins.core.raycasting import RayCaster
from idr_neus_plugins.fields.grid.known_surface import KnownSurface
from idr_neus_plugins.fields.grid.lattice import Lattice
from idr_neus_plugins.meshing.mesh import Mesh

RESOLUTION = 96
SPHERES_BOX = torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]])


def start_surface(mesh: Mesh, world_from_scene: Float[np.ndarray, "4 4"]) -> KnownSurface:
    """Of a watertight mesh within the unit sphere, scene frame."""
    lattice = Lattice.over(SPHERES_BOX, RESOLUTION)
    distances = RayCaster(mesh.shape).signed_distances(lattice.positions().double().numpy())
    sdf = torch.from_numpy(distances).float().view(lattice.shape)
    return KnownSurface(sdf, lattice, torch.from_numpy(world_from_scene))
