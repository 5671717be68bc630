"""nerfstudio's crop gizmo, shown as a box, as the part of the scene that meshes are cut to."""

from __future__ import annotations

import numpy as np
import viser
from nerfstudio.viewer.control_panel import ControlPanel
from viser.transforms import SO3

from idr_neus_plugins.meshing.crop import Box

COLOR = (255, 211, 105)


def crop_box(panel: ControlPanel) -> Box | None:
    """The box of the control panel's crop, scene units; None while cropping is off."""
    if not panel.crop_viewport:
        return None
    crop = panel.crop_obb
    centre, sides, axes = (part.double().cpu().numpy() for part in (crop.T, crop.S, crop.R))
    return Box(centre.reshape(3), np.abs(sides.reshape(3)) / 2 + 1e-6, axes)


class CropFrame:
    """Edges of the crop in the browser; nerfstudio itself shows only the gizmo in its middle."""

    def __init__(self, server: viser.ViserServer, scale: float) -> None:
        self._server, self._scale = server, scale
        self._shown: Box | None = None

    def show(self, box: Box | None) -> None:
        """Draws ``box`` where it differs from the one that is shown, removes that where it is None."""
        if _same(box, self._shown):
            return
        self._shown = box
        visible = box is not None
        box = box or Box(np.zeros(3), np.ones(3))
        signs = np.indices((2, 2, 2)).reshape(3, -1).T * 2 - 1
        self._server.scene.add_mesh_simple(
            "/surface/crop",
            vertices=self._scale * signs * box.half,
            faces=_SIDES,
            color=COLOR,
            wireframe=True,
            position=self._scale * box.centre,
            wxyz=SO3.from_matrix(box.axes).wxyz,
            visible=visible,
        )


_SIDES = np.array(
    [[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1]]
    + [[2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]]
)


def _same(one: Box | None, other: Box | None) -> bool:
    if one is None or other is None:
        return one is other
    return all(np.allclose(getattr(one, name), getattr(other, name)) for name in ("centre", "half", "axes"))
