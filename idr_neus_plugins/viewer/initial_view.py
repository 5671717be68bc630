"""Where a browser that opens the viewer starts to look from."""

from __future__ import annotations

import viser
from nerfstudio.cameras.cameras import Cameras
from nerfstudio.viewer.viewer import VISER_NERFSTUDIO_SCALE_RATIO, Viewer
from nerfstudio.viewer.viewer_elements import ViewerControl
from torch.nn import functional


class InitialView(ViewerControl):
    """Starts where the first photograph was taken, looking at the object.

    The viewer's own start lies 0.5 scene units from the origin and so inside of most objects. Found by nerfstudio's
    viewer as an attribute of the model.
    """

    def __init__(self, cameras: Cameras) -> None:
        poses = cameras.camera_to_worlds.double().cpu()
        self.position = tuple((poses[0, :, 3] * VISER_NERFSTUDIO_SCALE_RATIO).tolist())
        self.up = tuple(functional.normalize(poses[:, :, 1].mean(dim=0), dim=0).tolist())

    def _setup(self, viewer: Viewer) -> None:
        super()._setup(viewer)
        viewer.viser_server.on_client_connect(self._place)

    def _place(self, client: viser.ClientHandle) -> None:
        client.camera.up_direction = self.up
        client.camera.position = self.position
        client.camera.look_at = (0.0, 0.0, 0.0)
