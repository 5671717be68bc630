"""``idr-neus eval cameras``: how far refined cameras are from the true ones, before and after."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reports.printing import print_scores
from idr_neus_plugins.writing import write_json

if TYPE_CHECKING:
    import numpy as np

    from idr_neus_plugins.data.datamanager import SurfaceDataManager
    from idr_neus_plugins.evaluation.cameras import CameraErrors
    from idr_neus_plugins.models.surface_model import SurfaceModel


@dataclass
class EvalCameras:
    """Rotation (degrees) and translation (world units) of cameras against the true ones, after a similarity alignment.

    Either of a run with trained cameras (--load-config: its training views, before and after), or of a file of poses
    (--poses with --data)."""

    load_config: Path | None = None
    """Path to the run's config YAML file."""
    poses: Path | None = None
    """npz with `world_mat_i`, or with `pose_vecs` [views, 7] as IDR publishes them: a quaternion (w, x, y, z) and the
    camera's centre."""
    data: Path | None = None
    """The scene that --poses belongs to."""
    truth: str = "auto"
    """npz of the scene that holds the true cameras. auto: cameras_sphere.npz or cameras.npz."""
    plot: Path | None = None
    """Write a picture of the errors of each view (png)."""
    json: Path | None = None
    """Write the scores to this file too."""

    def main(self) -> None:
        from idr_neus_plugins.evaluation.camera_plot import plot_camera_errors
        from idr_neus_plugins.evaluation.cameras import summary

        if (self.load_config is None) == (self.poses is None) or (self.poses is None) != (self.data is None):
            raise UserError("Give either --load-config CONFIG, or --poses NPZ together with --data SCENE.")
        errors = self._of_run() if self.load_config is not None else self._of_file()
        scores = {key: value for name, part in errors.items() for key, value in summary(part, _SUFFIX[name]).items()}
        views = len(next(iter(errors.values())).rotation_deg)
        print_scores(f"{views} cameras against the true ones, after alignment", scores)
        if self.plot is not None:
            plot_camera_errors(self.plot, errors)
            print(f"Errors of each view: {self.plot}")
        if self.json is not None:
            write_json(self.json, scores)

    def _of_run(self) -> dict[str, CameraErrors]:
        from idr_neus_plugins.data.pose_files import read_scene_poses
        from idr_neus_plugins.evaluation.cameras import camera_errors
        from idr_neus_plugins.run import load_run

        assert self.load_config is not None
        pipeline = load_run(self.load_config).pipeline
        model, manager = cast("SurfaceModel", pipeline.model), cast("SurfaceDataManager", pipeline.datamanager)
        if not model.camera_optimizer.is_on:
            raise UserError(
                "The run has not trained its cameras. Use idr-cameras or idr-fast-cameras, or any method with "
                "--pipeline.model.camera-optimizer.mode SE3."
            )
        world_from_scene = model.world_from_scene.cpu().numpy()
        views = manager.train_dataset.metadata["view_indices"]
        truth = read_scene_poses(Path(manager.config.dataparser.data), self.truth)[views]  # type: ignore[attr-defined]
        start, refined = (
            camera_errors(_in_world(poses.detach().cpu().double().numpy(), world_from_scene), truth)
            for poses in (model.camera_optimizer.start, model.camera_optimizer.refined())
        )
        return {"given": start, "refined": refined}

    def _of_file(self) -> dict[str, CameraErrors]:
        from idr_neus_plugins.data.pose_files import read_poses, read_scene_poses
        from idr_neus_plugins.evaluation.cameras import camera_errors

        assert self.poses is not None and self.data is not None
        poses, truth = read_poses(self.poses), read_scene_poses(self.data, self.truth)
        if len(poses) != len(truth):
            raise UserError(f"{self.poses} holds {len(poses)} cameras, {self.data} has {len(truth)} views.")
        return {"refined": camera_errors(poses, truth)}


_SUFFIX = {"given": "_start", "refined": ""}


def _in_world(poses: np.ndarray, world_from_scene: np.ndarray) -> np.ndarray:
    """OpenGL camera-to-scene [views, 3, 4] -> rigid OpenCV camera-to-world [views, 4, 4]."""
    import numpy as np

    from idr_neus_plugins.core.camera import flip_axes
    from idr_neus_plugins.core.similarity import Similarity

    square = np.tile(np.eye(4), (len(poses), 1, 1))
    square[:, :3] = flip_axes(poses)
    return Similarity.of(world_from_scene).cameras(square)
