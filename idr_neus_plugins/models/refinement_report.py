"""What the refinement of cameras has achieved, told at the end of a training."""

from __future__ import annotations

from dataclasses import replace

import torch
from nerfstudio.utils.rich_utils import CONSOLE

from idr_neus_plugins.core.camera import flip_axes
from idr_neus_plugins.core.silhouettes import silhouette_coherence
from idr_neus_plugins.core.views import Views
from idr_neus_plugins.models.camera_refinement import CameraRefinement

NOTHING_WON = 0.002
"""Differences of the coherence below this are noise of its sampling."""


def report_refinement(cameras: CameraRefinement, views: Views) -> None:
    """Prints how far the cameras moved and, where there are masks, whether silhouettes agree better than before.

    The losses cannot tell: the surface has been fitted to the refined cameras, so the given ones always look worse.
    Silhouettes and cameras can be compared without it.
    """
    CONSOLE.print(_distance_moved(cameras))
    if views.foreground is None or not views.is_pinhole:
        CONSOLE.print("There are no masks to judge by whether the refined cameras are better than the given ones.")
        return
    before = silhouette_coherence(views)
    after = silhouette_coherence(replace(views, camera_to_scene=flip_axes(cameras.refined())))
    CONSOLE.print(verdict(before, after))


def verdict(before: float, after: float) -> str:
    """One sentence on the coherence of silhouettes before and after; a warning where nothing was won."""
    change = f"silhouette coherence {before:.3f} → {after:.3f}"
    if after < before - NOTHING_WON:
        return (
            f"Warning: the refined cameras are worse than the given ones ({change}). Use a run without refinement, a "
            "lower rate (--optimizers.camera-opt.optimizer.lr) or more steps."
        )
    if after < before + NOTHING_WON:
        return f"The refined cameras are as good as the given ones ({change}): there was little to correct."
    return f"The refined cameras are better than the given ones ({change})."


@torch.no_grad()
def _distance_moved(cameras: CameraRefinement) -> str:
    start, refined = cameras.start.double(), cameras.refined().double()
    turned = start[:, :, :3].transpose(1, 2) @ refined[:, :, :3]
    cos = 0.5 * (turned.diagonal(dim1=1, dim2=2).sum(dim=1) - 1.0)
    degrees = torch.rad2deg(torch.arccos(cos.clamp(-1.0, 1.0))).median()
    shift = (refined[:, :, 3] - start[:, :, 3]).norm(dim=1).median()
    return f"The cameras were turned by {float(degrees):.2f}° and moved by {float(shift):.4f} scene units (medians)."
