"""``idr-neus eval shapes``: how well a trained single-view method reconstructs shapes that it has never seen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.progress import progress_bar
from idr_neus_plugins.reports.printing import print_scores
from idr_neus_plugins.writing import write_json, write_png

if TYPE_CHECKING:
    import numpy as np

    from idr_neus_plugins.evaluation.scores import Scores
    from idr_neus_plugins.meshing.mesh import Mesh
    from idr_neus_plugins.single_view.data.shape_set import ShapeEntry
    from idr_neus_plugins.single_view.evaluation.prediction import Prediction, Predictor
    from idr_neus_plugins.single_view.model import SingleViewModel


@dataclass
class EvalShapes:
    """IoU, Chamfer distances, F-score, normals and surface colours over the test shapes, one fixed image of each."""

    load_config: Path
    """Path to the run's config YAML file (ns-train disn, onet)."""
    data: Path | None = None
    """Score on the test shapes of this set instead of the run's own."""
    baselines: bool = True
    """Score the nearest neighbour among the training images and the mean shape of the category, too."""
    limit: int | None = None
    """Score only so many shapes of each category."""
    resolution: int = 64
    """Of the meshes that are compared."""
    samples: int = 10_000
    """Points on each surface for Chamfer, F-score and normals."""
    seed: int = 0
    """Seed of these."""
    pictures: Path | None = None
    """Write input | prediction from two sides | truth from two sides of some shapes to this PNG ..."""
    pictured: int = 2
    """... so many of each category."""
    json: Path | None = None
    """Write the scores to this file too."""

    def main(self) -> None:
        from idr_neus_plugins.run import load_run
        from idr_neus_plugins.single_view.data.shape_set import of_split, read_shape_set
        from idr_neus_plugins.single_view.evaluation.network import Network
        from idr_neus_plugins.single_view.evaluation.scores import means_by_category

        pipeline = load_run(self.load_config).pipeline
        entries = read_shape_set(self.data or pipeline.datamanager.get_datapath())
        tests = first_of_each(of_split(entries, "test"), self.limit)
        network = Network(cast("SingleViewModel", pipeline.model), self.resolution)
        predictors = [network, *(_baselines(of_split(entries, "train")) if self.baselines else [])]
        rows: dict[str, list[tuple[str, Scores]]] = {predictor.name: [] for predictor in predictors}
        pictures: list[np.ndarray] = []
        pictured = {entry.name for entry in first_of_each(tests, self.pictured)}
        with progress_bar() as bar:
            for place, entry in enumerate(bar.track(tests, description="Scoring (shapes)")):
                scored, row = self._score(entry, place, predictors, entry.name in pictured)
                for name, scores in scored.items():
                    rows[name].append((entry.category, scores))
                pictures += [] if row is None else [row]
        self._write({name: means_by_category(each) for name, each in rows.items()}, len(tests), pictures)

    def _score(
        self, entry: ShapeEntry, place: int, predictors: list[Predictor], with_picture: bool
    ) -> tuple[dict[str, Scores], np.ndarray | None]:
        """Scores by predictor, and the row of pictures of the first one."""
        import numpy as np

        from idr_neus_plugins.meshing.reading import read_mesh
        from idr_neus_plugins.single_view.data.shape_set import MESH
        from idr_neus_plugins.single_view.evaluation.pictures import picture_row
        from idr_neus_plugins.single_view.evaluation.prediction import read_photograph
        from idr_neus_plugins.single_view.evaluation.scores import seen_by

        # Not the first view of each: views are drawn in one order, and some sides are harder than others.
        photograph = read_photograph(entry, place % len(entry.images))
        arrays, truth = entry.arrays("surface", "colors"), read_mesh(entry.folder / MESH)
        visible = seen_by(photograph.camera, arrays["surface"].astype(np.float64), truth.shape)
        predictions = [predictor(photograph, arrays["surface"]) for predictor in predictors]
        scored = {
            predictor.name: self._compare(entry, prediction, arrays["colors"] / 255.0, visible, truth)
            for predictor, prediction in zip(predictors, predictions, strict=True)
        }
        if not with_picture:
            return scored, None
        return scored, picture_row(photograph.image, photograph.camera, predictions[0].mesh, truth)

    def _compare(
        self, entry: ShapeEntry, prediction: Prediction, colors: np.ndarray, visible: np.ndarray, truth: Mesh
    ) -> Scores:
        from idr_neus_plugins.single_view.evaluation.prediction import true_occupancy
        from idr_neus_plugins.single_view.evaluation.scores import color_scores, iou, surface_scores

        scores = {"iou": iou(prediction.occupancy, true_occupancy(entry))}
        scores |= color_scores(prediction.colors, colors, visible)
        if prediction.mesh is not None:
            scores |= surface_scores(prediction.mesh.shape, truth.shape, self.samples, self.seed)
        return scores

    def _write(self, means: dict[str, Scores], count: int, pictures: list[np.ndarray]) -> None:
        import numpy as np

        for name, scores in means.items():
            print_scores(f"{name.replace('_', ' ')}: {count} unseen shapes, lengths in radii of 0.9", scores)
        if self.json is not None:
            network = means.pop("network")
            write_json(self.json, network | {"shapes": count, "baselines": means})
        if self.pictures is not None and pictures:
            write_png(np.concatenate(pictures), self.pictures)


def first_of_each(entries: list[ShapeEntry], count: int | None) -> list[ShapeEntry]:
    """The first so many of every category; all without a number. Raises UserError for a number below 1."""
    if count is None:
        return entries
    if count < 1:
        raise UserError(f"At least one shape of each category must be left, not {count}.")
    chosen: dict[str, list[ShapeEntry]] = {}
    for entry in entries:
        chosen.setdefault(entry.category, []).append(entry)
    return [entry for members in chosen.values() for entry in members[:count]]


def _baselines(training: list[ShapeEntry]) -> list[Predictor]:
    from idr_neus_plugins.single_view.evaluation.baselines import MeanShape, NearestNeighbour

    return [NearestNeighbour(training), MeanShape(training)]
