"""What the viewer shows of a search: the best pose's box, the boxes of the others, and the true one."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from nerfstudio.viewer.viewer import VISER_NERFSTUDIO_SCALE_RATIO, Viewer
from nerfstudio.viewer.viewer_elements import ViewerControl

from idr_neus_plugins.pose.evaluation.pictures import FOUND, TRUE

ROUND = (0, 1, 3, 2, 0, 4, 5, 1, 5, 7, 3, 7, 6, 2, 6, 4)
"""A path over the corners of a box (see ``PosedMesh.corners``) that runs along all of its edges."""
POINTS = 16 * (len(ROUND) - 1)
"""Along the path: fewer would cut its corners."""
OTHER = (150, 150, 150)


class PoseTrace(ViewerControl):
    """Found by nerfstudio's viewer as an attribute of the model."""

    def __init__(self) -> None:
        self._server = None

    def _setup(self, viewer: Viewer) -> None:
        super()._setup(viewer)
        self._server = viewer.viser_server
        with self._server.gui.add_folder("Pose"):
            self._text = self._server.gui.add_markdown("")

    def show(self, boxes: Float[np.ndarray, "poses 8 3"], true: Float[np.ndarray, "8 3"] | None, message: str) -> None:
        """Corners in the scene, those of the best pose first."""
        if self._server is None:
            return
        self._text.content = message
        for number, corners in enumerate(boxes):
            self._draw(f"/pose/{number}", corners, OTHER if number else FOUND)
        if true is not None:
            self._draw("/pose/true", true, TRUE)

    def _draw(self, name: str, corners: Float[np.ndarray, "8 3"], color: tuple[int, int, int]) -> None:
        assert self._server is not None
        # A Catmull-Rom spline of tension 0 is its chords; viser's default, the centripetal one, knows no tension.
        places = VISER_NERFSTUDIO_SCALE_RATIO * corners[list(ROUND)]
        self._server.scene.add_spline_catmull_rom(
            name, places, curve_type="catmullrom", tension=0.0, segments=POINTS, color=color, line_width=3.0
        )
