"""Makes the values of a grid distances again where training has not kept them so."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from idr_neus_plugins.core.connected_components import large_components, largest_component
from idr_neus_plugins.errors import UserError

OBJECT = 0.1
"""Share of the largest piece's volume from which on a piece may be an object of its own: a scene may show several."""
KEPT_VOXELS = 2.5
"""Around the surface the trained values stay: they place it more finely than the nodes do."""


def redistance(control: Float[Tensor, "x y z"]) -> Float[Tensor, "x y z"]:
    """Distances in voxels with the same surface, less what no camera could have asked for.

    Small solid pieces, and hollows whose ways out are closed or narrower than three voxels, become what surrounds them:
    they are left-overs of the coarse stages. Values farther than a few voxels from the surface are measured anew.

    Raises UserError where no surface is left.
    """
    values = control.detach().cpu().numpy()
    if (values < 0).all() or not (values < 0).any():
        raise UserError(
            "The surface has vanished during training: nothing in the region agrees with the photographs. Check that "
            "masks, cameras and region belong together, or lower the learning rates."
        )
    inside = _without_hollows(large_components(values < 0, OBJECT))
    distance = signed_distance(inside)
    trained = (np.abs(distance) < KEPT_VOXELS) & ((values < 0) == inside)
    return torch.from_numpy(np.where(trained, values, distance).astype(values.dtype)).to(control.device)


def signed_distance(inside: Bool[np.ndarray, "x y z"]) -> Float[np.ndarray, "x y z"]:
    """Euclidean distance in voxels to the border of a solid, which runs half-way between its nodes and the others."""
    from scipy.ndimage import distance_transform_edt

    if inside.all() or not inside.any():
        raise ValueError("the solid fills everything or nothing: there is no border to measure from")
    outer, inner = np.asarray(distance_transform_edt(~inside)), np.asarray(distance_transform_edt(inside))
    return np.where(inside, 0.5 - inner, outer - 0.5)


def _without_hollows(solid: Bool[np.ndarray, "x y z"]) -> Bool[np.ndarray, "x y z"]:
    from scipy.ndimage import binary_dilation, binary_erosion

    wide = binary_erosion(~solid, border_value=1)
    chambers = wide & ~largest_component(wide)
    return ~largest_component(~(solid | binary_dilation(chambers)))
