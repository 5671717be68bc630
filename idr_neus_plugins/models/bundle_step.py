"""Cameras and points of the surface adjusted together, between two steps of the training.

Gradients through the surface change cameras while the surface holds still, and the surface while cameras do. What the
two have wrong together, such as an object that stands beside its place with all cameras turned to it, hardly improves
so. Here points leave the surface: they are followed from photograph to photograph and adjusted along with the cameras.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from nerfstudio.utils.rich_utils import CONSOLE
from torch import Tensor

from idr_neus_plugins.core.bundle import Bundle, Observations, adjust, reprojections
from idr_neus_plugins.core.camera import flip_axes
from idr_neus_plugins.core.similarity import align_points
from idr_neus_plugins.core.views import Views
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.models.camera_refinement import CameraRefinement
from idr_neus_plugins.models.surface_tracks import NoCorners, Trace, find_tracks

MIN_OBSERVATIONS = 30
"""Of every view; with fewer, chance decides where a camera goes."""
ROUNDS = 10
"""Of leaving out points that went astray."""
NO_SOLUTION = (torch.linalg.LinAlgError, np.linalg.LinAlgError, UserError)
"""What solving and aligning raise on a degenerate scene; the training goes on without the adjustment."""


@torch.no_grad()
def bundle_step(cameras: CameraRefinement, views: Views, trace: Trace) -> None:
    """Adjusts all cameras at once, or says why it cannot."""
    if not views.is_pinhole:
        CONSOLE.print("No bundle adjustment: it knows pinhole cameras only.")
        return
    current = cameras.refined_views(views)
    try:
        points, seen = find_tracks(current, trace)
    except NoCorners:
        CONSOLE.print("No bundle adjustment: the photographs show no corners on the surface.")
        return
    fewest = int(torch.bincount(seen.views, minlength=len(views.sizes)).min())
    if fewest < MIN_OBSERVATIONS:
        CONSOLE.print(f"No bundle adjustment: one of the views shows only {fewest} points that others show, too.")
        return
    before = Bundle(current.camera_to_scene.double(), points.double())
    exact = seen._replace(pixels=seen.pixels.double())
    intrinsics = views.intrinsics.double()
    try:
        after = laid_over(adjust(before, intrinsics, exact), before)
    except NO_SOLUTION as reason:
        CONSOLE.print(f"No bundle adjustment: the observations do not determine the cameras ({reason}).")
        return
    if not after.poses.isfinite().all():
        CONSOLE.print("No bundle adjustment: it does not converge.")
        return
    cameras.settle(flip_axes(after.poses).to(cameras.start))
    errors = [_median_error(bundle, intrinsics, exact) for bundle in (before, after)]
    CONSOLE.print(
        f"Bundle adjustment: {len(seen.views)} observations of {len(seen.points.unique())} points, "
        f"median error {errors[0]:.2f} → {errors[1]:.2f} px."
    )


def laid_over(after: Bundle, before: Bundle) -> Bundle:
    """The same up to a similarity, with the points where they were: the surface need not follow what is only gauge.

    Points that have gone far astray, on mistaken observations, have no say: each round keeps the half that fits best.
    """
    found, wanted = (bundle.points.cpu().numpy() for bundle in (after, before))
    apart = np.linalg.norm(found - wanted, axis=1)
    for _ in range(ROUNDS):
        kept = apart <= np.median(apart)
        similarity = align_points(found[kept], wanted[kept])
        apart = np.linalg.norm(similarity.points(found) - wanted, axis=1)
    rotation, translation = (after.poses.new_tensor(part) for part in similarity[1:])
    rotations = rotation @ after.poses[:, :, :3]
    centres = similarity.scale * after.poses[:, :, 3] @ rotation.T + translation
    points = similarity.scale * after.points @ rotation.T + translation
    return Bundle(torch.cat([rotations, centres[:, :, None]], dim=2), points)


def _median_error(bundle: Bundle, intrinsics: Float[Tensor, "views 3 3"], seen: Observations) -> float:
    return float(reprojections(bundle, intrinsics, seen).norm(dim=1).median())
