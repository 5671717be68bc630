"""``idr-neus eval``: scores of a mesh and of held-out views."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Union, cast

import tyro

from idr_neus_plugins.cli.messages import print_scores
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.progress import progress_bar
from idr_neus_plugins.writing import write_json

if TYPE_CHECKING:
    from torch import Tensor

    from idr_neus_plugins.data.datamanager import SurfaceDataManager
    from idr_neus_plugins.data.dataset import SurfaceDataset
    from idr_neus_plugins.models.surface_model import SurfaceModel


@dataclass
class EvalMesh:
    """Distances between a mesh and the exact surface, or from reference points to the mesh, in the mesh's units."""

    mesh: Path
    """The reconstructed mesh."""
    exact: Path | None = None
    """The true surface as a mesh, in the same frame: accuracy, completeness, chamfer, normal_consistency, fscore."""
    points: Path | None = None
    """Reference points as npz (`xyz` [N, 3], optionally `views` [N]): median, mean, p90, within."""
    min_views: int = 0
    """Use only reference points that were seen in at least this many views."""
    thresholds: tuple[float, ...] = (0.5, 1.0, 2.0)
    """Distances for fscore_<t> and within_<t>, in the mesh's units."""
    samples: int = 500_000
    """Points sampled on each surface for --exact."""
    seed: int = 0
    """Seed of that sampling."""
    json: Path | None = None
    """Write the scores to this file too."""

    def main(self) -> None:
        if self.exact is None and self.points is None:
            raise UserError("Nothing to compare with: give --exact MESH or --points NPZ.")
        from idr_neus_plugins.evaluation.chamfer import compare_with_mesh, compare_with_points
        from idr_neus_plugins.evaluation.distance import load_mesh, load_points

        mesh, scores = load_mesh(self.mesh), {}
        if self.exact is not None:
            exact = load_mesh(self.exact)
            against = compare_with_mesh(mesh, exact, self.thresholds, self.samples, self.seed)
            print_scores(f"{self.mesh.name} against {self.exact.name}", against)
            if against["accuracy_relative"] > 1:
                print("The surfaces lie further apart than they are large: are both in the world frame?")
            scores |= against
        if self.points is not None:
            points = load_points(self.points, self.min_views)
            against = compare_with_points(mesh, points, self.thresholds)
            print_scores(f"{len(points):,} points of {self.points.name} to {self.mesh.name}", against)
            scores |= against
        if self.json is not None:
            write_json(self.json, scores)


@dataclass
class EvalImages:
    """PSNR, SSIM and mask IoU over the held-out views of a run."""

    load_config: Path
    """Path to the run's config YAML file."""
    save_images: Path | None = None
    """Write photograph | rendering | normals of every view into this folder."""
    json: Path | None = None
    """Write the scores to this file too."""

    def main(self) -> None:
        from idr_neus_plugins.cli.runs import load_run
        from idr_neus_plugins.evaluation.images import mean_scores

        pipeline = load_run(self.load_config)
        model, manager = cast("SurfaceModel", pipeline.model), cast("SurfaceDataManager", pipeline.datamanager)
        dataset = manager.eval_dataset
        _print_split(manager.train_dataset.image_filenames, dataset.image_filenames)
        with progress_bar() as bar:
            views = bar.track(range(len(dataset)), description="Rendering (views)")
            means = mean_scores([self._score_view(model, dataset, view) for view in views])
        print_scores(f"Mean of {len(dataset)} held-out views", means)
        if self.json is not None:
            write_json(self.json, means)

    def _score_view(self, model: SurfaceModel, dataset: SurfaceDataset, view: int) -> dict[str, float]:
        from idr_neus_plugins.evaluation.images import score_view, side_by_side

        item = dataset[view]
        outputs = model.get_outputs_for_camera(dataset.cameras[view : view + 1].to(model.device))
        outputs = {name: outputs[name].float().cpu() for name in ("rgb", "normals", "accumulation")}
        if self.save_images is not None:
            picture = side_by_side(item["image"], outputs["rgb"], outputs["normals"])
            _write_picture(self.save_images / f"{dataset.image_filenames[view].stem}.png", picture)
        return score_view(outputs, item["image"], item.get("foreground"), model.config.masks != "ignored")


Eval = Union[  # noqa: UP007 (tyro wants a type that Annotated can hold)
    Annotated[EvalMesh, tyro.conf.subcommand("mesh")],
    Annotated[EvalImages, tyro.conf.subcommand("images")],
]


def _print_split(training: list[Path], held_out: list[Path]) -> None:
    """Says which views are scored. Raises UserError where a training view would be shown as a test view."""
    shared = sorted(path.name for path in set(training) & set(held_out))
    if shared or not held_out:
        reason = f"{len(shared)} of {len(held_out)} were trained on ({shared[0]}, …)" if shared else "there are none"
        raise UserError(f"No honest held-out views: {reason}. Train with --eval-views or --eval-interval set.")
    print(f"{len(training)} training views; {len(held_out)} held out: {' '.join(path.stem for path in held_out)}")


def _write_picture(path: Path, picture: Tensor) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture.numpy()).save(path)
