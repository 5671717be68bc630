"""The table or floor on which an object stands, in a cloud of sparse points."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

FLAT = 0.01
"""Points so close to the plane belong to it; of the radius of the region that is searched."""
LEAST_SHARE = 0.25
"""Of the points, on a plane that counts as ground. A printed sheet has far more features than what stands on it."""
ABOVE = 3.0
"""So many times FLAT above the plane, points are the object's."""


class Ground(NamedTuple):
    normal: Float[np.ndarray, " 3"]
    """Unit, towards the cameras."""
    offset: float
    """``normal · x + offset`` is the height of x."""

    def heights(self, points: Float[np.ndarray, "points 3"]) -> Float[np.ndarray, " points"]:
        return points @ self.normal + self.offset

    def feet(self, points: Float[np.ndarray, "points 3"]) -> Float[np.ndarray, "points 3"]:
        """The points straight below, on the plane."""
        return points - self.heights(points)[:, None] * self.normal

    def above(self, points: Float[np.ndarray, "points 3"], radius: float) -> Bool[np.ndarray, " points"]:
        """What stands on it, within a region of this radius."""
        return self.heights(points) > ABOVE * FLAT * radius


def find_ground(
    points: Float[np.ndarray, "points 3"], cameras: Float[np.ndarray, "views 3"], radius: float
) -> Ground | None:
    """The plane with most of the points (RANSAC), if it has enough of them and all cameras are on one side of it."""
    import open3d as o3d

    o3d.utility.random.seed(0)
    cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(points))
    plane, on_it = cloud.segment_plane(distance_threshold=FLAT * radius, ransac_n=3, num_iterations=1000)
    if len(on_it) < LEAST_SHARE * len(points):
        return None
    ground = Ground(np.array(plane[:3]), float(plane[3]))
    heights = ground.heights(cameras)
    if (heights > 0).all():
        return ground
    return Ground(-ground.normal, -ground.offset) if (heights < 0).all() else None
