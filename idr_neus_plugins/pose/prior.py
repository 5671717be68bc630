"""What a network says about the view of an object, as something that speaks for and against poses."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from idr_neus_plugins.pose.similarity import Poses
from idr_neus_plugins.single_view.fields.viewpoint import ViewAngles, bin_middles, surprise, view_rotations


@dataclass(frozen=True)
class ViewPrior:
    """Probabilities of the angles of a camera that looks straight at the object."""

    log_probabilities: Float[Tensor, "1 3 bins"]

    def surprise(self, poses: Poses) -> Float[Tensor, " poses"]:
        """-log p of each, differentiable."""
        return surprise(self.log_probabilities.to(poses.scales), facing(poses.translations) @ poses.rotations)

    def likely(self, count: int) -> Float[Tensor, "views 3 3"]:
        """Object-to-camera rotations at the ``count`` highest peaks of the azimuth, of cameras that look at it."""
        azimuth, elevation, roll = self.log_probabilities[0].cpu()
        peaks = (azimuth >= azimuth.roll(1)) & (azimuth >= azimuth.roll(-1))
        best = torch.where(peaks, azimuth, -torch.inf).argsort(descending=True)[: min(count, int(peaks.sum()))]
        means = [
            (bins.exp() * bin_middles(which)).sum().expand(len(best)) for which, bins in ((1, elevation), (2, roll))
        ]
        return view_rotations(ViewAngles(bin_middles(0)[best], *means))


def facing(places: Float[Tensor, "poses 3"]) -> Float[Tensor, "poses 3 3"]:
    """The smallest turns of a camera's axes after which ``places`` before it lie on its optical axis."""
    x, y, z = (places / places.norm(dim=1, keepdim=True)).unbind(1)
    share = 1 / (1 + z).clamp(min=1e-3)
    rows = [1 - x * x * share, -x * y * share, -x, -x * y * share, 1 - y * y * share, -y, x, y, z]
    return torch.stack(rows, 1).view(-1, 3, 3)
