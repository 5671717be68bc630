"""The thread that keeps the panel's mesh, points and plots up to date beside the training."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from nerfstudio.utils.rich_utils import CONSOLE
from nerfstudio.viewer.viewer import VISER_NERFSTUDIO_SCALE_RATIO, Viewer

from idr_neus_plugins.core.views import Views
from idr_neus_plugins.data.views import pinhole_cameras
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.files import HOLD_TEXTURE
from idr_neus_plugins.meshing.options import MeshOptions
from idr_neus_plugins.viewer.controls import RENDERING, Controls
from idr_neus_plugins.viewer.crop import CropFrame, crop_box
from idr_neus_plugins.viewer.history import History, plot
from idr_neus_plugins.viewer.reference import point_errors
from idr_neus_plugins.viewer.requests import ExportRequest, LiveMeshRequest
from idr_neus_plugins.viewer.snapshot import Snapshot
from idr_neus_plugins.viewer.text import as_alarm, as_text
from idr_neus_plugins.viewer.worker import Worker

TICK_S = 0.25
PLOT_EVERY_S = 3.0
DEGREE = 2
"""Of the harmonics of an exported texture that changes with the view."""
MESH, POINTS = "/surface/mesh", "/surface/points"


class LiveSurface(threading.Thread):
    """Takes snapshots under the training's lock, has the worker make meshes of them, and hands these to the browser."""

    def __init__(self, viewer: Viewer, model: Any, controls: Controls, history: History) -> None:
        super().__init__(name="live surface", daemon=True)
        self.viewer, self.model, self.controls, self.history = viewer, model, controls, history
        self.worker, self.wanted = Worker(), queue.SimpleQueue[Callable[[], None]]()
        self._crop_frame = CropFrame(viewer.viser_server, VISER_NERFSTUDIO_SCALE_RATIO)
        self._mesh: Any = None
        self._mesh_age = self._plot_age = -np.inf
        self._mesh_step = -1

    def run(self) -> None:
        while True:
            with contextlib.suppress(queue.Empty):
                self.wanted.get(timeout=TICK_S)()
            self._crop_frame.show(crop_box(self.viewer.control_panel))
            if self._is_due():
                self.update_mesh()
            if self.controls.show_plots.value and time.monotonic() > self._plot_age + PLOT_EVERY_S:
                self._plot_age = time.monotonic()
                self.controls.plot(plot(self.history.curves()))

    @property
    def shows_mesh(self) -> bool:
        """Whether a mesh stands in the place of the rendering."""
        return self._mesh is not None and self.controls.look.value != RENDERING

    def change_look(self) -> None:
        """Another look was chosen: the rendering, or a mesh in other colours."""
        if self.controls.look.value != RENDERING:
            self.update_mesh()
        elif self._mesh is not None:
            self._mesh.visible = False
        self.viewer._trigger_rerender()

    def update_mesh(self) -> None:
        """Makes a mesh of the surface as it is now, and shows it."""
        look = self.controls.look.value
        if look == RENDERING:
            self.controls.status.content = "Choose what to show first: mesh, colours, normals or confidence."
            return
        step, crop = self.viewer.step, crop_box(self.viewer.control_panel)
        self.controls.status.content = f"Making the mesh of step {step} …"
        with self._reported(self.controls.status):
            snapshot = self._snapshot(colors=look == "colours")
            dataset: Any = self.viewer.pipeline.datamanager.train_dataset
            cameras = pinhole_cameras(dataset.cameras) if look in ("mesh", "confidence") else []
            request = LiveMeshRequest(snapshot, look, int(self.controls.resolution.value), crop, cameras)
            live = self.worker.ask(request)
            scene = self.viewer.viser_server.scene
            self._mesh = scene.add_glb(MESH, live.glb, scale=VISER_NERFSTUDIO_SCALE_RATIO)
            self._mesh.visible = self.shows_mesh
            self.controls.status.content = f"Mesh of step {step}: {live.faces:,} faces, {live.seconds:.1f} s"
        self._mesh_age, self._mesh_step = time.monotonic(), step

    def export(self) -> None:
        """Writes a mesh into the run's folder: ``meshes/step-<step>.<format>``."""
        controls = self.controls
        mesh_format, texture = controls.format.value, controls.texture.value
        if texture != "none" and mesh_format not in HOLD_TEXTURE:
            controls.export_status.content = f"{mesh_format} holds no texture: choose {' or '.join(HOLD_TEXTURE)}."
            return
        path = self.viewer.log_filename.parent / "meshes" / f"step-{self.viewer.step:09d}.{mesh_format}"
        controls.export_status.content = f"Writing {path.name} …"
        with self._reported(controls.export_status):
            options = MeshOptions(
                resolution=int(controls.export_resolution.value),
                texture=texture,
                view_dependence=DEGREE if controls.view_dependent.value and texture != "none" else 0,
            )
            views = self._views() if options.needs_views else None
            crop = crop_box(self.viewer.control_panel)
            record = self.worker.ask(ExportRequest(self._snapshot(), options, crop, views, path, "world"))
            closed = "watertight" if record["watertight"] else "open"
            controls.export_status.content = f"{as_text(str(path))}: {record['faces']:,} faces, {closed}"

    def show_points(self) -> None:
        """Reference points in the colours of their distances."""
        controls = self.controls
        with self._reported(controls.points_status), self._paused():
            found = point_errors(Path(controls.points_file.value).expanduser(), self.model.surface())
            scaled = VISER_NERFSTUDIO_SCALE_RATIO * found.positions
            scene = self.viewer.viser_server.scene
            scene.add_point_cloud(POINTS, scaled.astype(np.float32), found.colors, point_size=0.02)
            controls.points_status.content = found.summary

    def _is_due(self) -> bool:
        controls = self.controls
        if controls.look.value == RENDERING or not controls.follow.value or self.viewer.step == self._mesh_step:
            return False
        return time.monotonic() > self._mesh_age + controls.interval.value

    def _snapshot(self, colors: bool = True) -> Snapshot:
        with self._paused():
            return Snapshot.take(self.model, colors)

    def _paused(self) -> contextlib.AbstractContextManager:
        """The training waits meanwhile, between two steps."""
        return self.viewer.train_lock or contextlib.nullcontext()

    @contextlib.contextmanager
    def _reported(self, status: Any):
        """Whatever goes wrong is told in the panel, and the thread goes on; the training must not notice."""
        try:
            yield
        except UserError as error:
            status.content = as_alarm(str(error))
        except Exception as error:
            status.content = as_alarm(f"{type(error).__name__}: {error}")
            CONSOLE.print_exception()

    def _views(self) -> Views:
        views = self.viewer.pipeline.datamanager.training_views()  # type: ignore[operator]
        tensors = {name: value.cpu() for name, value in vars(views).items() if isinstance(value, torch.Tensor)}
        return replace(views, **tensors)
