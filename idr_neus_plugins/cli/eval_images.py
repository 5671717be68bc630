"""``idr-neus eval images``: how well the held-out photographs are predicted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.progress import progress_bar
from idr_neus_plugins.reports.printing import print_scores
from idr_neus_plugins.writing import write_json, write_png

if TYPE_CHECKING:
    from nerfstudio.cameras.cameras import Cameras
    from torch import Tensor

    from idr_neus_plugins.data.datamanager import SurfaceDataManager
    from idr_neus_plugins.data.dataset import SurfaceDataset
    from idr_neus_plugins.evaluation.lpips import Lpips
    from idr_neus_plugins.models.surface_model import SurfaceModel

    Render = Callable[[Cameras], dict[str, Tensor]]


@dataclass
class EvalImages:
    """PSNR, SSIM and mask IoU over the held-out views of a run."""

    load_config: Path
    """Path to the run's config YAML file."""
    mesh: Path | None = None
    """Score pictures of this mesh, with its texture or the colours of its vertices, instead of the run's renderings."""
    match_exposure: bool = False
    """Bring every picture to its photograph's exposure first, by one gain per channel: photographs of one object are
    seldom exposed alike, and a texture has one brightness."""
    save_images: Path | None = None
    """Write photograph | rendering | normals | error of every view into this folder."""
    lpips_weights: Path | None = None
    """AlexNet's weights (torchvision's alexnet-owt-7be5be79.pth): score LPIPS, too. Nothing is downloaded."""
    json: Path | None = None
    """Write the scores to this file too."""

    def main(self) -> None:
        from idr_neus_plugins.evaluation.images import mean_scores
        from idr_neus_plugins.run import load_run

        pipeline = load_run(self.load_config).pipeline
        model, manager = cast("SurfaceModel", pipeline.model), cast("SurfaceDataManager", pipeline.datamanager)
        dataset = manager.eval_dataset
        render, lpips = _renderer(model, self.mesh), self._lpips()
        _print_split(manager.train_dataset.image_filenames, dataset.image_filenames)
        with progress_bar() as bar:
            views = bar.track(range(len(dataset)), description="Rendering (views)")
            over_black = model.config.masks != "ignored"
            means = mean_scores([self._score_view(render, over_black, lpips, dataset, view) for view in views])
        print_scores(f"Mean of {len(dataset)} held-out views", means)
        if self.json is not None:
            write_json(self.json, means)

    def _lpips(self) -> Lpips | None:
        from idr_neus_plugins.evaluation.lpips import load_lpips

        return None if self.lpips_weights is None else load_lpips(self.lpips_weights)

    def _score_view(
        self, render: Render, over_black: bool, lpips: Lpips | None, dataset: SurfaceDataset, view: int
    ) -> dict[str, float]:
        from idr_neus_plugins.evaluation.exposure import at_exposure_of
        from idr_neus_plugins.evaluation.images import comparable, error_map, score_view, side_by_side

        item = dataset[view]
        outputs = render(dataset.cameras[view : view + 1])
        outputs = {name: outputs[name].float().cpu() for name in ("rgb", "normals", "accumulation")}
        if self.match_exposure:
            outputs["rgb"] = at_exposure_of(outputs["rgb"], item["image"], item.get("foreground"))
        if self.save_images is not None:
            error = error_map(outputs["rgb"], comparable(item["image"], item.get("foreground"), over_black))
            picture = side_by_side(item["image"], outputs["rgb"], outputs["normals"], error)
            write_png(picture.numpy(), self.save_images / f"{dataset.image_filenames[view].stem}.png")
        return score_view(outputs, item["image"], item.get("foreground"), over_black, lpips)


def _renderer(model: SurfaceModel, mesh: Path | None) -> Render:
    """Outputs of a camera, by the model or of a mesh file."""
    if mesh is None:
        return lambda camera: model.get_outputs_for_camera(camera.to(model.device))
    from idr_neus_plugins.viewer.mesh_outputs import mesh_outputs

    return mesh_outputs(mesh, model.world_from_scene.detach().cpu().double().numpy())


def _print_split(training: list[Path], held_out: list[Path]) -> None:
    """Says which views are scored. Raises UserError where a training view would be shown as a test view."""
    shared = sorted(path.name for path in set(training) & set(held_out))
    if shared or not held_out:
        reason = f"{len(shared)} of {len(held_out)} were trained on ({shared[0]}, …)" if shared else "there are none"
        raise UserError(f"No honest held-out views: {reason}. Train with --eval-views or --eval-interval set.")
    print(f"{len(training)} training views; {len(held_out)} held out: {' '.join(path.stem for path in held_out)}")
