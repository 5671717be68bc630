"""What commands have in common that train several times on one scene and score everything alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro

from idr_neus_plugins.errors import UserError

if TYPE_CHECKING:
    from idr_neus_plugins.recipes.job import Job
    from idr_neus_plugins.recipes.recipe import Method
    from idr_neus_plugins.recipes.results import Result

EXACT = "surface.ply"
"""The exact surface in a sample scene."""
DENSITIES = {"nerf-fast": {"threshold": 50.0}}
"""How to export methods that have no surface."""


@dataclass
class OneScene:
    """A scene, its truth, and where the runs go."""

    data: tyro.conf.Positional[Path]
    """The scene."""
    output: Path = Path("outputs")
    """Runs, table, scores and picture go here."""
    exact: Path | None = None
    """The true surface. A sample scene brings its own."""
    points: Path | None = None
    """Reference points instead (npz with `xyz`, optionally `views`)."""
    min_views: int = 4
    """Of the reference points, use those that were seen in at least this many views."""
    eval_views: tuple[int, ...] = ()
    """Views to hold out, by position; every 8th by default."""
    resolution: int = 400
    """Of the meshes: samples along the longest side of the region."""
    seed: int = 42
    """Of the trainings."""

    def run(self, name: str, methods: Sequence[Method]) -> list[tuple[Job, Result]]:
        """Trains, exports and scores as a recipe of that name does; what is done already is left alone.

        Raises UserError where the scene is missing or a command fails.
        """
        from idr_neus_plugins.recipes.job import jobs_of
        from idr_neus_plugins.recipes.recipe import Recipe, Scene
        from idr_neus_plugins.recipes.running import run_job

        if not self.data.exists():
            raise UserError(f"{self.data} does not exist. Name a scene; `idr-neus sample-scene scene/` makes one.")
        held_out = {"eval-views": list(self.eval_views)} if self.eval_views else {}
        scene = Scene(self.data.name, str(self.data), parser=held_out, truth=self._truth())
        export = {"resolution": self.resolution, "format": "ply"}
        recipe = Recipe(name, "", [scene], list(methods), seeds=[self.seed], export=export)
        return [(job, run_job(job, {}, _say)) for job in jobs_of(recipe, Path("."), self.output)]

    def _truth(self) -> dict[str, Any]:
        exact = self.exact or (self.data / EXACT if (self.data / EXACT).is_file() and self.points is None else None)
        truth: dict[str, Any] = {} if exact is None else {"exact": str(exact)}
        return truth if self.points is None else truth | {"points": str(self.points), "min-views": self.min_views}


def _say(line: str) -> None:
    print(line, flush=True)
