"""``idr-neus egomotion``: the path of a camera past objects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.progress import progress_bar

if TYPE_CHECKING:
    from idr_neus_plugins.pose.files import Photographs
    from idr_neus_plugins.pose.shapes import Recognised


@dataclass
class EstimateEgomotion:
    """The path of a camera from pictures of one or several objects that stand still.

    Writes trajectory.txt (TUM), trajectory.png, the objects' meshes, and scene/ with transforms.json, on which any
    method can be trained. Where camera.json tells the camera's height over the ground, lengths are in its unit.
    """

    folder: tyro.conf.Positional[Path]
    """image/, mask/ (one subfolder for each of several objects) and camera.json."""
    output_dir: Path
    """Where to write."""
    mesh: tuple[Path, ...] = ()
    """The shapes of the objects, in the order of their masks, if they are known ..."""
    shape_checkpoint: Path | None = None
    """... or a trained run of onet or disn (its folder or config.yml), which predicts them from the first picture."""
    color: bool = True
    """Compare colours, too; --no-color for the silhouettes alone."""

    def main(self) -> None:
        from idr_neus_plugins.pose.egomotion.estimation import estimate_egomotion
        from idr_neus_plugins.pose.egomotion.result import write_egomotion
        from idr_neus_plugins.pose.egomotion.tracking import TrackingSettings
        from idr_neus_plugins.pose.files import read_photographs
        from idr_neus_plugins.pose.losses import PoseLossWeights
        from idr_neus_plugins.pose.solver import SolverSettings

        if (self.output_dir / "scene").exists():
            raise UserError(f"{self.output_dir / 'scene'} exists. Name another --output-dir, or remove it.")
        photographs = read_photographs(self.folder)
        shapes = self._shapes(photographs)
        weights = PoseLossWeights() if self.color else PoseLossWeights(color=0.0)
        with progress_bar() as bar:
            task = bar.add_task("Following the camera", total=len(photographs.frames) + 2)
            solver, tracking = SolverSettings(weights=weights), TrackingSettings(weights=weights)
            found = estimate_egomotion(photographs, shapes, solver, tracking, lambda: bar.advance(task))
        write_egomotion(self.output_dir, found, photographs)
        print(f"{self.output_dir}: trajectory.txt, trajectory.png, objects/, scene/transforms.json")

    def _shapes(self, photographs: Photographs) -> list[Recognised]:
        from idr_neus_plugins.cli.eval_pose import shape_model
        from idr_neus_plugins.pose.shapes import predicted, read_known

        if bool(self.mesh) == (self.shape_checkpoint is not None):
            raise UserError("Give either --mesh, one for each object, or --shape-checkpoint RUN.")
        if self.shape_checkpoint is None:
            if len(self.mesh) != photographs.objects:
                raise UserError(f"{self.folder} shows {photographs.objects} objects; give as many --mesh.")
            return [read_known(path) for path in self.mesh]
        model, frame = shape_model(self.shape_checkpoint), photographs.frames[0]
        return [predicted(model, frame.cut_out(which), str(frame.image)) for which in range(photographs.objects)]
