"""A shiny sphere is baked, written, read and shown again from where it was not seen before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.build import build_mesh
from idr_neus_plugins.meshing.files import write_mesh
from idr_neus_plugins.meshing.frames import to_frame
from idr_neus_plugins.meshing.options import MeshOptions
from idr_neus_plugins.meshing.reading import read_mesh
from idr_neus_plugins.meshing.rendering import MeshRenderer
from idr_neus_plugins.meshing.texture.view_dependence import fit, harmonics, seen_from
from tests.meshing.views import SphereSurface, around, looking_at_origin, photograph

NEW_VIEW = looking_at_origin(np.array([2.0, -1.5, 1.6]), size=64, focal=140.0)
LIGHT = np.array([1.0, -1.0, 1.0]) / np.sqrt(3)


def paint(positions: np.ndarray) -> np.ndarray:
    return 0.35 + 0.1 * np.sin(7 * positions)


def shine(positions: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Phong's: paint, and a broad highlight where the mirrored view meets the light."""
    normals = positions / np.linalg.norm(positions, axis=1, keepdims=True)
    unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    mirrored = unit - 2 * np.einsum("ij,ij->i", unit, normals)[:, None] * normals
    return paint(positions) + 0.5 * (mirrored @ LIGHT).clip(min=0)[:, None] ** 4


class ShinySphere(SphereSurface):
    def colors(self, positions):
        return torch.from_numpy(paint(positions.numpy())).float()

    def radiance(self, positions, directions):
        return torch.from_numpy(shine(positions.numpy(), directions.numpy())).float()


def look(centre: np.ndarray, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    squared = (directions**2).sum(1)
    along = -(directions @ centre) / squared
    gap = 0.25 - ((centre + along[:, None] * directions) ** 2).sum(1)
    positions = centre + (along - np.sqrt(gap.clip(min=0) / squared))[:, None] * directions
    return shine(positions, directions), gap > 0


@pytest.fixture(scope="module")
def views():
    return photograph(around(40, size=96, focal=220.0), look)


def build(texture: str, views, degree: int):
    asked = MeshOptions(resolution=40, texture=texture, texture_size=128, faces=1500, view_dependence=degree)
    return build_mesh(ShinySphere(), asked, views, progress=False).mesh


@pytest.fixture(scope="module")
def shiny(views):
    return build("field", views, 3)


def psnr(mesh) -> float:
    """In NEW_VIEW, against the exact picture, where both show the sphere."""
    picture = MeshRenderer(mesh)(NEW_VIEW)
    colors, met = look(NEW_VIEW.centre, NEW_VIEW.rays(NEW_VIEW.pixel_centres()))
    both = met & (picture.accumulation.ravel() == 1)
    assert both.sum() > 0.95 * met.sum() > 500
    return -10 * np.log10(np.square(picture.rgb.reshape(-1, 3) - colors)[both].mean())


def test_highlights_move_with_the_view_and_the_base_colour_stays(views, shiny):
    plain = build("field", views, 0)
    np.testing.assert_array_equal(shiny.texture.image, plain.texture.image)
    assert plain.texture.views is None and shiny.texture.views.coefficients.shape == (64, 64, 16, 3)
    scores = [psnr(mesh) for mesh in (plain, build("field", views, 1), build("field", views, 2), shiny)]
    assert scores[0] < 20 and scores == sorted(scores) and scores[2] > 28 and scores[3] > 33


def test_photographs_tell_it_as_well(views):
    mesh = build("photographs", views, 2)
    plain = replace(mesh, texture=replace(mesh.texture, views=None))
    assert psnr(mesh) > 27 and psnr(mesh) > psnr(plain) + 6


def test_known_coefficients_are_found_and_a_single_look_is_not_trusted():
    random = np.random.default_rng(0)
    directions, truth = random.normal(size=(200, 5, 3)), random.normal(size=(5, 9, 3))
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    differences = np.einsum("vtk,tkc->vtc", harmonics(directions.reshape(-1, 3), 2).reshape(200, 5, 9), truth)
    found = fit(directions, differences, np.ones((200, 5)), 2)
    np.testing.assert_allclose(found, truth, atol=0.05)
    once = fit(directions[:1], np.ones((1, 5, 3)), np.ones((1, 5)), 2)
    opposite = harmonics(-directions[0], 2)
    assert np.abs(np.einsum("tk,tkc->tc", opposite, once)).max() < 1
    np.testing.assert_array_equal(fit(directions, differences, np.zeros((200, 5)), 2), 0)


@pytest.mark.parametrize("suffix", ["glb", "obj"])
def test_files_keep_it_and_other_readers_do_not_notice(tmp_path, shiny, suffix):
    matrix = np.array([[0.0, -5, 0, 1], [5, 0, 0, 2], [0, 0, 5, 3], [0, 0, 0, 1]])
    path = tmp_path / f"ball.{suffix}"
    write_mesh(build("field", None, 0), path, {})
    plain = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    files = write_mesh(to_frame(shiny, matrix), path, {})
    assert {each.name for each in files} == plain.keys() | {"ball.views.json", "ball.views.png"}
    again = to_frame(read_mesh(path), np.linalg.inv(matrix))
    np.testing.assert_array_equal(again.texture.views.coefficients, shiny.texture.views.coefficients)
    assert np.abs(MeshRenderer(again)(NEW_VIEW).rgb - MeshRenderer(shiny)(NEW_VIEW).rgb).max() < 0.02
    write_mesh(build("field", None, 0), path, {})
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == plain, (
        "what is left would colour it wrongly"
    )


def test_frames_turn_and_mirror_the_looks(shiny):
    random = np.random.default_rng(0)
    uv, directions, base = random.uniform(size=(50, 2)), random.normal(size=(50, 3)), np.full((50, 3), 0.5)
    matrix = np.array([[0.0, 2, 0, 5], [2, 0, 0, 6], [0, 0, 2, 7], [0, 0, 0, 1]])  # mirrors
    moved = to_frame(shiny, matrix).texture.views
    np.testing.assert_allclose(
        seen_from(base, moved, uv, directions @ matrix[:3, :3].T),
        seen_from(base, shiny.texture.views, uv, directions),
        atol=1e-6,
    )


def test_broken_files_and_impossible_wishes_are_told(tmp_path, shiny):
    write_mesh(shiny, tmp_path / "ball.glb", {})
    (tmp_path / "ball.views.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match="Export the mesh again"):
        read_mesh(tmp_path / "ball.glb")
    with pytest.raises(UserError, match="--texture field"):
        MeshOptions(view_dependence=2).check()
    with pytest.raises(UserError, match="training views"):
        build("field", None, 2)
