"""``idr-neus eval pose``: how well poses are found in single photographs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.progress import progress_bar
from idr_neus_plugins.reports.printing import print_scores
from idr_neus_plugins.writing import write_json, write_png

if TYPE_CHECKING:
    import numpy as np

    from idr_neus_plugins.pose.files import Photographs, TrueObject
    from idr_neus_plugins.pose.ground import Ground
    from idr_neus_plugins.pose.solver import SolverSettings
    from idr_neus_plugins.single_view.model import SingleViewModel

PER_ROW = 3
"""Pictures beside each other."""


@dataclass
class EvalPose:
    """Rotation, translation, scale, box IoU and ADD-S of poses found in the photographs of a generated scene.

    With the true shape of each object, or with what a trained network makes of its photograph.
    """

    folder: tyro.conf.Positional[Path]
    """The scene (idr-neus make-poses)."""
    shape_checkpoint: Path | None = None
    """A trained run of onet or disn (its folder or config.yml) that predicts the shapes; by default the true ones."""
    color: bool = True
    """Compare colours, too; --no-color for the silhouette alone."""
    depth: bool = True
    """Use depths where the scene has some; --no-depth for images alone."""
    ground: Literal["plane", "height", "none"] = "plane"
    """Use what camera.json tells of the ground: its distance and which way is up, the distance alone, or nothing."""
    limit: int | None = None
    """Only the first so many photographs."""
    pictures: Path | None = None
    """Write photographs with boxes (true green, found orange) and the found mesh over them to this PNG."""
    json: Path | None = None
    """Write the scores to this file too, with those of each photograph."""

    def main(self) -> None:
        import numpy as np

        from idr_neus_plugins.pose.evaluation.scores import summary
        from idr_neus_plugins.pose.files import read_photographs, read_truth

        photographs, truth = read_photographs(self.folder), read_truth(self.folder)
        if photographs.objects > 1:
            raise UserError(
                f"{self.folder} is a sequence of several objects: idr-neus egomotion, idr-neus eval trajectory"
            )
        model = None if self.shape_checkpoint is None else shape_model(self.shape_checkpoint)
        numbers = range(len(photographs.frames))[: self.limit]
        rows: list[dict[str, float]] = []
        pictures: list[np.ndarray] = []
        with progress_bar() as bar:
            for number in bar.track(numbers, description="Finding poses"):
                row, picture = self._one(photographs, number, truth[number].objects[0], model)
                rows.append(row)
                pictures.append(picture)
        seconds = {name: float(np.median([row.pop(name) for row in rows])) for name in ("seconds", "shape_seconds")}
        scores = summary(rows) | {f"{name}_median": value for name, value in seconds.items()}
        print_scores(
            f"{len(rows)} photographs, {'predicted' if model else 'true'} shapes; lengths in diameters", scores
        )
        if self.json is not None:
            write_json(self.json, scores | {"photographs": rows})
        if self.pictures is not None:
            write_png(in_rows(pictures), self.pictures)

    def _one(
        self, photographs: Photographs, number: int, true: TrueObject, model: SingleViewModel | None
    ) -> tuple[dict[str, float], np.ndarray]:
        from idr_neus_plugins.pose.estimating import estimate, posed
        from idr_neus_plugins.pose.evaluation.pictures import pose_picture
        from idr_neus_plugins.pose.evaluation.scores import pose_errors
        from idr_neus_plugins.pose.evaluation.symmetry import symmetry_of
        from idr_neus_plugins.pose.shapes import known, predicted

        frame = photographs.frames[number]
        image, begin = frame.cut_out(), time.perf_counter()
        truth = true.posed()
        shape = known(truth.mesh) if model is None else predicted(model, image, str(frame.image))
        ready = time.perf_counter()
        ground = self._ground(photographs.grounds[number])
        depths = frame.depths() if self.depth else None
        found = estimate(shape, image, photographs.intrinsics, ground, self._settings(), depths, str(frame.image))
        done = time.perf_counter()
        place = posed(shape, found)
        if model is None or (ground.height is None and depths is None):
            # Of a known mesh the size is known, too; otherwise nothing has told it.
            place = place.of_diameter(truth.diameter)
        errors = pose_errors(place, truth, symmetry_of(truth.mesh.shape))
        errors |= {"silhouette_iou": float(found.ious[0]), "seconds": done - begin, "shape_seconds": ready - begin}
        return errors, pose_picture(image, photographs.intrinsics, place, truth)

    def _ground(self, ground: Ground) -> Ground:
        from idr_neus_plugins.pose.ground import Ground

        return {"plane": ground, "height": ground._replace(up=None), "none": Ground()}[self.ground]

    def _settings(self) -> SolverSettings:
        from idr_neus_plugins.pose.losses import PoseLossWeights
        from idr_neus_plugins.pose.solver import SolverSettings

        return SolverSettings() if self.color else SolverSettings(weights=PoseLossWeights(color=0.0))


def shape_model(run: Path) -> SingleViewModel:
    """The network of a run. Raises UserError for runs that are not of a shape from one image."""
    from idr_neus_plugins.cli.reconstruct import load_single_view

    return load_single_view(run / "config.yml" if run.is_dir() else run)[2]


def in_rows(pictures: list[np.ndarray]) -> np.ndarray:
    """Pictures of one size, :data:`PER_ROW` beside each other; white where there are none left."""
    import numpy as np

    blank = np.full_like(pictures[0], 255)
    padded = pictures + [blank] * (-len(pictures) % PER_ROW)
    rows = [np.concatenate(padded[first : first + PER_ROW], axis=1) for first in range(0, len(padded), PER_ROW)]
    return np.concatenate(rows)
