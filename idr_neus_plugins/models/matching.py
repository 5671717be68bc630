"""The surface held against the photographs themselves, not only against what is rendered of it.

Colours that are rendered agree with the photographs long before the surface is where it belongs: where there is little
texture the radiance field learns what is left. Patches of photographs are more demanding. From time to time points are
looked for where the photographs agree (``matched_points``), and in between the surface is drawn to them: the signed
distance there is to be 0, as Geo-NeuS (Fu et al. 2022) asks of the points that structure from motion finds.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from nerfstudio.utils.rich_utils import CONSOLE
from torch import Tensor, nn

from idr_neus_plugins.core.views import Views
from idr_neus_plugins.fields.geometry import GeometryField
from idr_neus_plugins.models.matched_points import matched_points
from idr_neus_plugins.models.surface_tracks import Trace


@dataclass(frozen=True)
class MatchingConfig:
    at: tuple[float, ...] = ()
    """Progress of the training at which points are looked for anew; none: the surface is not drawn to any."""
    weight: float = 1.0
    """Of the mean distance of the points from the surface, scene units."""
    pixels: int = 30_000
    """From which points are looked for, in all views together."""
    points_in_step: int = 1024
    """Drawn from those that are found."""

    def setup(self) -> Matching:
        return Matching(self)


class Matching(nn.Module):
    """The points that were found last, and the loss that draws the surface to them."""

    points: Float[Tensor, "points 3"]
    """Scene. Not kept with the weights: a resumed training looks for them again."""

    def __init__(self, config: MatchingConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("points", torch.zeros(0, 3), persistent=False)
        self._asked = self._answered = 0

    @property
    def is_on(self) -> bool:
        return bool(self.config.at)

    @property
    def due(self) -> bool:
        """Whether points are to be looked for."""
        return self._asked > self._answered

    def set_progress(self, progress: float) -> None:
        """Of the training, in [0, 1]."""
        self._asked = sum(at <= progress for at in self.config.at)

    def find(self, views: Views, trace: Trace) -> None:
        """Looks for points near the surface that ``trace`` meets, or says why it cannot."""
        self._answered = self._asked
        if not views.is_pinhole:
            CONSOLE.print("Photographs are not matched: that knows pinhole cameras only.")
            return
        self.points = matched_points(views, trace, self.config.pixels)
        CONSOLE.print(f"{len(self.points):,} points of the surface found by matching photographs.")

    def losses(self, geometry: GeometryField) -> dict[str, Tensor]:
        if not len(self.points):
            return {}
        chosen = torch.randint(len(self.points), (self.config.points_in_step,), device=self.points.device)
        return {"matching": self.config.weight * geometry(self.points[chosen]).sdf.abs().mean()}
