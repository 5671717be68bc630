"""``idr-neus turntable``: a film around the object: rendering | normals | mesh."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Optional

import numpy as np

from idr_neus_plugins.errors import UserError

if TYPE_CHECKING:
    from idr_neus_plugins.core.camera import Camera
    from idr_neus_plugins.meshing.mesh import Mesh
    from idr_neus_plugins.meshing.orbit import Orbit
    from idr_neus_plugins.meshing.rendering import MeshRenderer, Picture
    from idr_neus_plugins.models.surface_model import SurfaceModel

RESOLUTION = 384
"""Of the mesh that is made for the film: finer than its pictures."""
LIT, SHADE = 0.9, 0.25
"""Grey of the mesh where it faces the camera, and the share of it at its edges."""


@dataclass
class Turntable:
    """Film a run from all sides: rendering, normals and mesh side by side, as mp4 and as a small gif."""

    load_config: Path
    """Path to the run's config YAML file."""
    output: Path
    """Where the film goes (.mp4); the gif is written beside it."""
    mesh: Path | None = None
    """Show this mesh, in its colours; otherwise one is made of the run and shown in grey."""
    threshold: Optional[float] = None  # noqa: UP045 - tyro reads the annotations at run time
    """For densities (nerf-fast): the one at which the mesh is to lie, per scene unit; see ns-export mesh."""
    frames: int = 72
    """Pictures of the film."""
    size: int = 320
    """Height and width of each of the three pictures, pixels; even."""
    arc: float = 360.0
    """Degrees: once around, or, for less, to and fro before the side where most photographs were taken."""
    fps: float = 24.0
    """Pictures per second."""
    gif_width: int = 720
    """Width of the gif, pixels: of all three pictures together."""
    gif_frames: int = 36
    """At most so many pictures in the gif."""

    def main(self) -> None:
        self._check()
        from idr_neus_plugins.meshing.orbit import angles
        from idr_neus_plugins.progress import progress_bar
        from idr_neus_plugins.reports.films import write_gif, write_mp4
        from idr_neus_plugins.run import load_run

        model = load_run(self.load_config).model
        scene = _Stage.of(model, self.mesh, self.threshold)
        with progress_bar() as bar:
            turns = bar.track(angles(self.frames, self.arc), description="Filming (pictures)")
            frames = [scene.picture(float(angle), self.size) for angle in turns]
        write_mp4(frames, self.output, self.fps)
        gif, step = self.output.with_suffix(".gif"), -(-len(frames) // self.gif_frames)
        write_gif(frames[::step], gif, self.gif_width, self.fps / step)
        print(f"{self.output}: {len(frames)} pictures of {frames[0].shape[1]}x{frames[0].shape[0]} pixels")
        print(f"{gif}: {gif.stat().st_size / 1e6:.1f} MB")

    def _check(self) -> None:
        if self.output.suffix != ".mp4":
            raise UserError(f"--output names an .mp4 file, not {self.output.name}; the gif is written beside it.")
        if self.size < 16 or self.size % 2 or min(self.frames, self.fps, self.gif_frames, self.gif_width) < 1:
            raise UserError("--size must be even and at least 16; frames, fps and the gif's sizes at least 1.")


@dataclass(frozen=True)
class _Stage:
    """A model, its mesh in the scene's frame, and the way around them."""

    model: SurfaceModel
    show_mesh: MeshRenderer
    orbit: Orbit
    radius: float
    """Of the sphere that holds the object, scene units."""

    @classmethod
    def of(cls, model: SurfaceModel, mesh_file: Path | None, threshold: float | None) -> _Stage:
        from idr_neus_plugins.data.views import pinhole_cameras
        from idr_neus_plugins.meshing.orbit import Orbit
        from idr_neus_plugins.meshing.rendering import MeshRenderer

        if model.all_cameras is None:
            raise UserError("The run knows no cameras, so there is no up and no distance for a film.")
        mesh = _own_mesh(model, threshold) if mesh_file is None else _mesh_in_scene(mesh_file, model)
        centre = (mesh.vertices.min(0) + mesh.vertices.max(0)) / 2
        orbit = Orbit.of(pinhole_cameras(model.all_cameras), centre)
        return cls(model, MeshRenderer(mesh), orbit, float(np.linalg.norm(mesh.vertices - centre, axis=1).max()))

    def picture(self, angle: float, size: int) -> np.ndarray:
        """Rendering | normals | mesh [size, 3 * size, 3] uint8."""
        from idr_neus_plugins.data.views import nerfstudio_camera

        camera = self.orbit.camera(angle, self.radius, (size, size))
        outputs = self.model.get_outputs_for_camera(nerfstudio_camera(camera).to(self.model.device))
        rendered = [outputs[name].float().cpu().numpy() for name in ("rgb", "normals")]
        shown, mesh = self.show_mesh(camera), self.show_mesh.mesh
        picture = _lit(shown, camera) if mesh.colors is None and mesh.texture is None else shown.rgb
        return (255 * np.concatenate([*rendered, picture], 1).clip(0, 1)).round().astype(np.uint8)


def _own_mesh(model: SurfaceModel, threshold: float | None) -> Mesh:
    """Of the run's surface, without colours. Raises UserError for a density without a threshold."""
    from idr_neus_plugins.meshing.build import build_mesh
    from idr_neus_plugins.meshing.options import MeshOptions

    return build_mesh(model.surface(threshold), MeshOptions(resolution=RESOLUTION), paint=False).mesh


def _mesh_in_scene(path: Path, model: SurfaceModel) -> Mesh:
    from idr_neus_plugins.viewer.mesh_outputs import read_scene_mesh

    return read_scene_mesh(path, model.world_from_scene.detach().cpu().double().numpy())


def _lit(picture: Picture, camera: Camera) -> np.ndarray:
    """Grey, lit from the camera [height, width, 3]."""
    facing = -(picture.normals @ camera.camera_to_scene[:, 2]).clip(max=0)
    return np.repeat(LIT * (SHADE * picture.accumulation[..., 0] + (1 - SHADE) * facing)[..., None], 3, 2)
