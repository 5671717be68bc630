"""The panel's elements in the browser, below nerfstudio's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import viser

RENDERING = "rendering"
LOOKS = (RENDERING, "mesh", "colours", "normals", "confidence")


@dataclass(frozen=True)
class Actions:
    """What the elements do. Called in viser's own thread, so they must return at once."""

    changed: Callable[[], None]
    """Another look, resolution or interval."""
    update: Callable[[], None]
    """A mesh is wanted now."""
    export: Callable[[], None]
    show_points: Callable[[], None]


class Controls:
    """Builds the elements; their values are read by whoever needs them."""

    def __init__(self, server: viser.ViserServer, actions: Actions) -> None:
        gui = server.gui
        with gui.add_folder("Surface"):
            self.look = gui.add_dropdown("Show", LOOKS, initial_value=RENDERING)
            self.resolution = gui.add_slider("Mesh resolution", 32, 512, 16, 128)
            self.follow = gui.add_checkbox("Follow training", True)
            self.interval = gui.add_slider("Seconds between", 5, 300, 5, 30)
            update = gui.add_button("Update mesh", icon=viser.Icon.REFRESH)
            self.status = gui.add_markdown("")
        with gui.add_folder("Surface export"):
            self.format = gui.add_dropdown("File", ("glb", "ply", "obj", "stl"))
            self.texture = gui.add_dropdown("Texture", ("none", "field", "photographs"))
            self.view_dependent = gui.add_checkbox("Changes with the view", False)
            self.export_resolution = gui.add_slider("File resolution", 64, 1024, 64, 512)
            export = gui.add_button("Export mesh", icon=viser.Icon.DOWNLOAD)
            self.export_status = gui.add_markdown("Cut to the crop viewport while that is on.")
        with gui.add_folder("Reference points", expand_by_default=False):
            self.points_file = gui.add_text("File", "", hint="PLY, or npz with xyz, in the world frame")
            points = gui.add_button("Show distances", icon=viser.Icon.RULER)
            self.points_status = gui.add_markdown("")
        with gui.add_folder("Read-outs", expand_by_default=False):
            self.show_plots = gui.add_checkbox("Plot", False)
            self._plots = None
            self._gui = gui
            self._plots_folder = gui.add_folder("Curves")
        for element in (self.look, self.resolution, self.follow):
            element.on_update(lambda _: actions.changed())
        update.on_click(lambda _: actions.update())
        export.on_click(lambda _: actions.export())
        points.on_click(lambda _: actions.show_points())

    def plot(self, figure) -> None:
        """Shows a plotly figure; plotly itself travels to the browser at the first."""
        if self._plots is None:
            with self._plots_folder:
                self._plots = self._gui.add_plotly(figure, aspect=1.0)
        self._plots.figure = figure
