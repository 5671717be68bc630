from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import torch
import viser
from nerfstudio.cameras.cameras import Cameras
from nerfstudio.viewer.viewer import VISER_NERFSTUDIO_SCALE_RATIO, Viewer

from idr_neus_plugins.viewer.initial_view import InitialView


def test_new_browsers_look_at_the_object_from_the_first_photograph() -> None:
    poses = torch.eye(4)[:3].repeat(3, 1, 1)
    poses[:, :, 3] = torch.tensor([[0.0, -2.0, 0.5], [2.0, 0.0, 0.5], [0.0, 2.0, 0.5]])
    poses[:, :, 1] = torch.tensor([0.0, 0.6, 0.8])
    connect = []
    viewer = Mock(spec=Viewer, viser_server=SimpleNamespace(on_client_connect=connect.append))
    InitialView(Cameras(poses, 100.0, 100.0, 50.0, 50.0, 100, 100))._setup(viewer)
    client = Mock(spec=viser.ClientHandle, camera=SimpleNamespace())
    connect[0](client)
    assert np.allclose(np.array(client.camera.position) / VISER_NERFSTUDIO_SCALE_RATIO, [0.0, -2.0, 0.5])
    assert client.camera.look_at == (0.0, 0.0, 0.0)
    assert np.allclose(client.camera.up_direction, [0.0, 0.6, 0.8])
