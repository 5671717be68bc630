"""The surface's panel in nerfstudio's viewer."""

from __future__ import annotations

from typing import Any

from nerfstudio.viewer.viewer import Viewer
from nerfstudio.viewer.viewer_elements import ViewerControl

from idr_neus_plugins.viewer.blank_rendering import BlankRendering
from idr_neus_plugins.viewer.controls import Actions, Controls
from idr_neus_plugins.viewer.history import History
from idr_neus_plugins.viewer.live import LiveSurface


class SurfacePanel(ViewerControl):
    """Live mesh, export, reference points and read-outs. Found by nerfstudio's viewer as an attribute of the model."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.history = History()
        """The model adds its read-outs at every training step."""

    def _setup(self, viewer: Viewer) -> None:
        super()._setup(viewer)
        actions = Actions(
            changed=lambda: live.wanted.put(live.change_look),
            update=lambda: live.wanted.put(live.update_mesh),
            export=lambda: live.wanted.put(live.export),
            show_points=lambda: live.wanted.put(live.show_points),
        )
        controls = Controls(viewer.viser_server, actions)
        live = LiveSurface(viewer, self._model, controls, self.history)
        blank = BlankRendering(self._model, lambda: live.shows_mesh)
        viewer.get_model = lambda: blank  # type: ignore[method-assign]
        live.start()
