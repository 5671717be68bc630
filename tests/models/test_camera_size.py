import pytest
import torch
from nerfstudio.cameras.camera_paths import get_interpolated_camera_path
from nerfstudio.cameras.cameras import Cameras

from idr_neus_plugins.models.camera_size import with_data_size


def cameras(principal_points: list[tuple[float, float]], width: int = 800, height: int = 600) -> Cameras:
    count = len(principal_points)
    poses = torch.eye(4)[:3].repeat(count, 1, 1)
    poses[:, 0, 3] = torch.arange(count)
    cx, cy = torch.tensor(principal_points).T
    return Cameras(poses, torch.full_like(cx, 900.0), torch.full_like(cx, 905.0), cx, cy, width, height)


def size(camera: Cameras) -> tuple[int, int]:
    return int(camera.width), int(camera.height)


@pytest.mark.parametrize("points", [[(411.7, 309.7)] * 3, [(390.0, 290.5), (411.7, 309.7), (402.0, 301.0)]])
@pytest.mark.parametrize("downscale", [1, 2, 3])
def test_interpolated_paths_get_the_size_of_the_data(points, downscale) -> None:
    data = cameras(points)
    path = get_interpolated_camera_path(data, steps=4, order_poses=False)
    path.rescale_output_resolution(1.0 / downscale)
    assert size(path[0]) != (800 // downscale, 600 // downscale)  # what nerfstudio makes of it
    restored = with_data_size(path[5:6], data)
    assert size(restored) == (800 // downscale, 600 // downscale)
    assert restored.cx.equal(path[5:6].cx) and restored.camera_to_worlds.equal(path[5:6].camera_to_worlds)


def test_sizes_follow_the_principal_point_where_photographs_differ() -> None:
    wide, tall = cameras([(411.7, 309.7)]), cameras([(305.0, 391.0)], width=600, height=800)
    data = Cameras(
        **{
            name: torch.cat([getattr(wide, name), getattr(tall, name)])
            for name in ("camera_to_worlds", "fx", "fy", "cx", "cy", "width", "height")
        }
    )
    path = get_interpolated_camera_path(data[torch.tensor([1, 1])], steps=2, order_poses=False)
    assert size(with_data_size(path[0:1], data)) == (600, 800)


@pytest.mark.parametrize("viewer_size", [(512, 512), (1024, 576), (333, 517)])
def test_cameras_of_the_viewer_keep_their_size(viewer_size) -> None:
    width, height = viewer_size
    camera = cameras([(width / 2, height / 2)], width, height)
    assert size(with_data_size(camera, cameras([(411.7, 309.7)]))) == viewer_size


def test_centred_data_and_data_cameras_themselves_are_left_alone() -> None:
    centred, off_centre = cameras([(400.0, 300.0)] * 2), cameras([(411.7, 309.7)] * 2)
    for data in (centred, off_centre):
        assert size(with_data_size(data[0:1], data)) == (800, 600)
    half = get_interpolated_camera_path(centred, steps=2, order_poses=False)[0:1]
    assert size(with_data_size(half, centred)) == (800, 600)
