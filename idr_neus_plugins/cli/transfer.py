"""``idr-neus transfer``: the geometry of one run in the appearance of another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.progress import progress_bar
from idr_neus_plugins.writing import write_png

if TYPE_CHECKING:
    from nerfstudio.cameras.cameras import Cameras
    from torch import Tensor

    from idr_neus_plugins.models.appearance import AppearanceSwitch
    from idr_neus_plugins.run import Run


@dataclass
class Transfer:
    """Render the geometry of one run with the renderer of another: images, a video, or a switch in the viewer."""

    geometry: Path
    """config.yml of the run whose surface is shown, from its cameras."""
    appearance: Path
    """config.yml of the run whose colours it gets."""
    output_dir: Path = Path("transfer")
    """Where images and video go. Each picture shows the surface in its own colours and in those of the other run."""
    views: int = 4
    """Images, spread over the views of the scene."""
    frames: int = 60
    """Frames of the video between these views; 0 for none."""
    downscale: float = 1.0
    """Pictures are smaller than the photographs by this factor."""
    viewer: bool = False
    """Instead of writing files, open nerfstudio's viewer with a checkbox that switches the appearance."""
    host: str = "127.0.0.1"
    """Who may open the viewer: by default only this machine. 0.0.0.0: everybody who reaches it, without a password."""

    def main(self) -> None:
        from idr_neus_plugins.models.appearance import AppearanceSwitch
        from idr_neus_plugins.run import load_run

        if self.views < 1 or self.frames < 0 or self.downscale <= 0:
            raise UserError("--views is at least 1, --frames at least 0 and --downscale above 0.")
        run = load_run(self.geometry)
        model, switch = run.model, AppearanceSwitch(run.model, load_run(self.appearance).model)
        if self.viewer:
            _serve(run, switch, self.host)
        cameras = _spread(cast("Cameras", model.all_cameras), self.views, self.downscale)
        self._write_images(switch, cameras)
        if self.frames:
            self._write_video(switch, cameras)

    def _write_images(self, switch: AppearanceSwitch, cameras: Cameras) -> None:
        for view in _track(range(len(cameras)), "Images"):
            picture = _both(switch, cameras[view : view + 1])
            write_png(picture.numpy(), self.output_dir / f"view_{view:03d}.png")
        print(f"{self.output_dir}: {len(cameras)} images, own appearance | that of {self.appearance.parent.name}")

    def _write_video(self, switch: AppearanceSwitch, cameras: Cameras) -> None:
        from nerfstudio.cameras.camera_paths import get_interpolated_camera_path

        from idr_neus_plugins.reports.films import write_mp4

        if len(cameras) < 2:
            raise UserError("A video between views needs at least two: raise --views, or give --frames 0.")
        steps = max(self.frames // (len(cameras) - 1), 2)
        path = get_interpolated_camera_path(cameras, steps, order_poses=True)
        frames = [_even(_both(switch, path[i : i + 1])).numpy() for i in _track(range(len(path)), "Frames")]
        target = self.output_dir / "transfer.mp4"
        write_mp4(frames, target, fps=24.0)
        print(f"{target}: {len(frames)} frames")


def _spread(cameras: Cameras, views: int, downscale: float) -> Cameras:
    """Some of a scene's cameras, evenly chosen."""
    import torch

    chosen = torch.linspace(0, len(cameras) - 1, min(views, len(cameras))).round().long()
    some = cameras[chosen]
    some.rescale_output_resolution(1.0 / downscale)
    return some


def _both(switch: AppearanceSwitch, camera: Cameras) -> Tensor:
    """Own and other appearance side by side, 8 bits."""
    from idr_neus_plugins.evaluation.images import side_by_side

    camera = camera.to(switch.model.device)
    return side_by_side(switch.render(camera, other=False), switch.render(camera, other=True))


def _even(picture: Tensor) -> Tensor:
    """Video codecs want even sizes."""
    return picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2]


def _track(items: range, description: str):
    with progress_bar() as bar:
        yield from bar.track(items, description=description)


def _serve(run: Run, switch: AppearanceSwitch, host: str) -> None:
    """nerfstudio's viewer over the run, with the switch; ends with the user's interrupt."""
    from nerfstudio.configs.base_config import ViewerConfig
    from nerfstudio.scripts.viewer.run_viewer import _start_viewer

    from idr_neus_plugins.serving import guard_viser

    guard_viser()
    config = run.config
    config.vis = "viewer"
    config.viewer = ViewerConfig(websocket_host=host, num_rays_per_chunk=config.viewer.num_rays_per_chunk)
    switch.add_to_viewer()
    _start_viewer(config, run.pipeline, step=0)
