"""A finished run in Python: its surface and its views, without a command line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from nerfstudio.pipelines.base_pipeline import Pipeline

    from idr_neus_plugins.core.surface import Surface
    from idr_neus_plugins.core.views import Views
    from idr_neus_plugins.data.datamanager import SurfaceDataManager
    from idr_neus_plugins.models.surface_model import SurfaceModel


@dataclass(frozen=True)
class Run:
    """A trained method with its weights, on the GPU where there is one."""

    pipeline: Pipeline
    """nerfstudio's."""

    @property
    def model(self) -> SurfaceModel:
        return cast("SurfaceModel", self.pipeline.model)

    def surface(self, threshold: float | None = None) -> Surface:
        """The surface; shapes, units and frame are told by ``core.surface.Surface``.

        Args:
            threshold: the density, per scene unit, at which the surface of a NeRF (nerf-fast) is to lie.

        Raises UserError where a threshold is missing or makes no sense.
        """
        return self.model.surface(threshold)

    def training_views(self) -> Views:
        """The photographs that it was trained on, with their cameras; they are read now."""
        return cast("SurfaceDataManager", self.pipeline.datamanager).training_views()


def load_run(load_config: Path | str) -> Run:
    """Opens the run of a ``config.yml`` that ns-train has written, with its latest weights.

    Raises UserError where the run or its checkpoint is missing, is broken, was made by another version, or is not of
    one of our methods.
    """
    from idr_neus_plugins.cli.runs import load_run as load_pipeline

    return Run(load_pipeline(Path(load_config)))
