"""The DTU scans as published data sets lay them out: that cameras, images and masks belong together."""

import numpy as np
import pytest

from idr_neus_plugins.data.idr_dataparser import IdrDataParserConfig
from idr_neus_plugins.data.idr_scene import read_idr_scene


def reference_points(folder) -> np.ndarray:
    """Points that at least four photographs agree on, mm."""
    arrays = np.load(folder / "reference_points_mm.npz")
    return arrays["xyz"][arrays["views"] >= 4].astype(np.float64)


def test_reference_points_lie_in_the_masks(shared_data):
    """Points on the object are foreground wherever they are in view: poses, images and masks belong together."""
    from PIL import Image

    scene = read_idr_scene(shared_data / "dtu" / "scan65")
    points = reference_points(shared_data / "dtu" / "scan65")
    inside = []
    for view in range(0, 49, 7):
        world_to_camera = np.linalg.inv(scene.world_from_scene @ scene.camera_to_scene[view])
        seen = (np.c_[points, np.ones(len(points))] @ world_to_camera.T)[:, :3] @ scene.intrinsics[view].T
        x, y = (seen[:, :2] / seen[:, 2:]).astype(int).T
        height, width = scene.sizes[view]
        in_view = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        inside.append(np.array(Image.open(scene.mask_filenames[view]))[y[in_view], x[in_view]] > 127)
    assert np.concatenate(inside).mean() > 0.98


@pytest.mark.parametrize("name", ["auto", "cameras", "cameras_large.npz", "cameras_linear_init"])
def test_all_camera_files_of_a_scan_are_read(shared_data, name):
    scene = read_idr_scene(shared_data / "dtu" / "scan65", name)
    assert scene.camera_file.stem == ("cameras_sphere" if name == "auto" else name.removesuffix(".npz"))
    assert len(scene.camera_to_scene) == 49


def test_listed_views_are_held_out(shared_data):
    listed = (8, 13, 16, 21, 26, 31, 34)
    parser = IdrDataParserConfig(data=shared_data / "dtu" / "scan65", eval_views=listed).setup()
    assert tuple(parser.get_dataparser_outputs("test").metadata["view_indices"]) == listed
    assert not set(listed) & set(parser.get_dataparser_outputs("train").metadata["view_indices"])
