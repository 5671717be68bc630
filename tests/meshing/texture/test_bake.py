"""A painted sphere is photographed, textured and shown again from where no photograph was taken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.build import build_mesh
from idr_neus_plugins.meshing.files import write_mesh
from idr_neus_plugins.meshing.options import MeshOptions
from idr_neus_plugins.meshing.reading import read_mesh
from idr_neus_plugins.meshing.rendering import MeshRenderer
from tests.meshing.views import SphereSurface, around, looking_at_origin, painted_sphere, photograph

NEW_VIEW = looking_at_origin(np.array([2.0, -1.5, 1.6]), size=64, focal=140.0)


def paint(positions: np.ndarray) -> np.ndarray:
    return 0.5 + 0.35 * np.sin(7 * positions)


class PaintedSphere(SphereSurface):
    def colors(self, positions):
        return torch.from_numpy(paint(positions.numpy())).float()


def build(texture: str, views=None, **options):
    asked = MeshOptions(resolution=40, texture=texture, texture_size=256, faces=1500, **options)
    return build_mesh(PaintedSphere(), asked, views, progress=False)


def psnr_inside(mesh) -> float:
    """Of the mesh in NEW_VIEW, against the exact picture, where both show the sphere."""
    picture = MeshRenderer(mesh)(NEW_VIEW)
    colors, met = painted_sphere(0.5, paint)(NEW_VIEW.centre, NEW_VIEW.rays(NEW_VIEW.pixel_centres()))
    both = met & (picture.accumulation.ravel() == 1)
    assert both.sum() > 0.95 * met.sum() > 500
    return -10 * np.log10(np.square(picture.rgb.reshape(-1, 3) - colors)[both].mean())


@pytest.fixture(scope="module")
def views():
    return photograph(around(24, size=96, focal=220.0), painted_sphere(0.5, paint))


def test_the_fields_texture_shows_the_paint():
    built = build("field")
    assert built.mesh.texture.image.shape == (256, 256, 3) and built.mesh.colors is None
    assert built.report["watertight"] and psnr_inside(built.mesh) > 32


def test_photographs_show_the_paint_and_exposures_are_aligned(views):
    assert psnr_inside(build("photographs", views).mesh) > 32
    gains = torch.from_numpy(np.exp(np.random.default_rng(0).normal(0, 0.1, 24))).float()
    uneven = replace(views, images=(views.images * gains[:, None, None, None]).clamp(0, 255).byte())
    built = build("photographs", uneven)
    found = np.mean(built.report["exposure_gains"], 1)
    np.testing.assert_allclose(found * gains.numpy() / np.median(gains.numpy()), 1, atol=0.04)
    assert psnr_inside(built.mesh) > 27 and built.report["texels_photographed"] > 0.95


def test_what_no_photograph_shows_is_painted_by_the_field(views):
    names = ("intrinsics", "camera_to_scene", "sizes", "images", "foreground")
    few = replace(views, **{name: getattr(views, name)[:3] for name in names})
    built = build("photographs", few)
    assert built.report["texels_photographed"] < 0.6 and psnr_inside(built.mesh) > 30


@pytest.mark.parametrize("suffix", ["glb", "obj"])
def test_a_file_that_is_read_again_looks_the_same(tmp_path, suffix):
    mesh = build("field").mesh
    write_mesh(mesh, tmp_path / f"ball.{suffix}", {})
    again = read_mesh(tmp_path / f"ball.{suffix}")
    one, other = (MeshRenderer(each)(NEW_VIEW) for each in (mesh, again))
    assert np.abs(one.rgb - other.rgb).max() < 0.02
    assert np.abs(one.normals - other.normals).mean() < 0.01


def test_impossible_textures():
    with pytest.raises(UserError, match="too small"):
        MeshOptions(texture="field", texture_size=4).check()
    with pytest.raises(UserError, match="training views"):
        build("photographs")
