"""Points find their pixels, and only these speak to them."""

from __future__ import annotations

import numpy as np
import torch

from idr_neus_plugins.single_view.fields.conditioned import InputViews
from idr_neus_plugins.single_view.fields.disn import DisnFieldConfig
from idr_neus_plugins.single_view.fields.encoder import Encoded, Encoder
from idr_neus_plugins.single_view.fields.pixel_features import ndc_projection, pixel_aligned, project
from idr_neus_plugins.single_view.shapes.photographs import random_camera


def a_view(size: int = 32):
    camera = random_camera(np.random.default_rng(5), size)
    intrinsics, pose = (torch.from_numpy(each).float()[None] for each in (camera.intrinsics, camera.camera_to_scene))
    return camera, ndc_projection(intrinsics, pose, camera.size)


def test_projection_agrees_with_the_pinhole_camera():
    camera, projection = a_view()
    points = np.random.default_rng(0).uniform(-0.9, 0.9, (50, 3))
    pixels, depths = camera.project(points)
    ndc, depth = project(torch.from_numpy(points).float()[None], projection)
    np.testing.assert_allclose((ndc[0].numpy() + 1) / 2 * 32, pixels, atol=1e-3)
    np.testing.assert_allclose(depth[0, :, 0].numpy(), depths, atol=1e-5)


def test_the_centre_of_a_pixel_has_its_value():
    image = torch.rand(1, 3, 8, 8)
    centres = (torch.tensor([[2.5, 6.5], [0.5, 0.5]]) / 8 * 2 - 1)[None]
    values = pixel_aligned(image, centres)
    torch.testing.assert_close(values[0, 0], image[0, :, 6, 2])
    torch.testing.assert_close(values[0, 1], image[0, :, 0, 0])


class Pixelwise(Encoder):
    """Says of each place what is there, and nothing of the whole."""

    def forward(self, images):
        return Encoded(images.new_zeros(len(images), self.code), images.repeat(1, self.channels // 4, 1, 1))


def test_a_patch_changes_only_the_points_behind_it():
    torch.manual_seed(0)
    field = DisnFieldConfig(width=32)
    disn = type(field.setup())(field, Pixelwise(code=16, channels=8))
    _, projection = a_view()
    points = torch.rand(1, 2000, 3) * 1.6 - 0.8
    image = torch.rand(1, 4, 32, 32)
    patched = image.clone()
    patched[:, :, 10:16, 12:20] = 1 - patched[:, :, 10:16, 12:20]
    before, after = (disn.sdf(points, disn.condition(InputViews(each, projection))) for each in (image, patched))
    x, y = ((project(points, projection)[0][0] + 1) / 2 * 32).unbind(1)
    near = (x > 11.5) & (x < 20.5) & (y > 9.5) & (y < 16.5)
    within = (x > 12.5) & (x < 19.5) & (y > 10.5) & (y < 15.5)
    changed = (before != after)[0]
    assert not changed[~near].any() and changed[within].all() and within.any()
