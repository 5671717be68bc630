"""Regions of interest for scenes whose solid is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idr_neus_plugins.cli.normalize import Normalize
from idr_neus_plugins.data.bare_cameras import find_bare_cameras, read_projections
from idr_neus_plugins.data.idr_scene import read_idr_scene
from idr_neus_plugins.data.normalisation import smallest_sphere
from idr_neus_plugins.data.projection import HALF_PIXEL, decompose_projection
from idr_neus_plugins.errors import UserError
from tests.data.scenes import copy_scene


@pytest.fixture
def new_data(tiny_scene, tmp_path):
    """Photographs, masks and projection matrices, and nothing said about the object."""
    folder = copy_scene(tiny_scene, tmp_path)
    arrays = {name: mat for name, mat in np.load(folder / "cameras.npz").items() if name.startswith("world")}
    for path in folder.glob("cameras*.npz"):
        path.unlink()
    np.savez(folder / "cameras.npz", **arrays)
    return folder


def vertices(folder) -> np.ndarray:
    import trimesh

    return np.asarray(trimesh.load(folder / "surface.ply", process=False).vertices)


def in_scene(folder, name: str = "auto") -> np.ndarray:
    """The exact surface in the normalised scene of a camera file."""
    scene_from_world = np.linalg.inv(read_idr_scene(folder, name).world_from_scene)
    return vertices(folder) @ scene_from_world[:3, :3].T + scene_from_world[:3, 3]


def test_the_object_fills_the_unit_sphere(new_data, capsys):
    with pytest.raises(UserError, match="idr-neus normalize"):
        read_idr_scene(new_data)
    Normalize(new_data).main()
    radii = np.linalg.norm(in_scene(new_data), axis=1)
    assert 0.7 < radii.max() < 1.0
    assert "cameras_sphere.npz: 10 cameras" in capsys.readouterr().out


def test_cameras_stay_what_they_were(new_data):
    before = read_projections(new_data / "cameras.npz")
    Normalize(new_data).main()
    assert read_projections(new_data / "cameras_sphere.npz") == pytest.approx(before)


def test_inexact_cameras_want_tolerance(tiny_scene, tmp_path):
    folder = copy_scene(tiny_scene, tmp_path)
    Normalize(folder, cameras="cameras_linear_init.npz", tolerance=0.1).main()
    radii = np.linalg.norm(in_scene(folder, "cameras_linear_init_sphere.npz"), axis=1)
    assert 0.6 < radii.max() < 1.1


def write_k_r_t(folder) -> None:
    """K, R and t of the tiny scene's cameras, instead of its projections."""
    views = [decompose_projection(matrix) for matrix in read_projections(folder / "cameras.npz")]
    rotations = np.stack([pose[:3, :3].T for _, pose in views])
    translations = np.stack([-pose[:3, :3].T @ pose[:3, 3] for _, pose in views])
    np.savez(folder / "calibration.npz", K=np.stack([k for k, _ in views]), R=rotations, t=translations)
    rows = [[*k.ravel(), *r.ravel(), *t] for (k, _), r, t in zip(views, rotations, translations, strict=True)]
    lines = [f"{view:06d}.png {' '.join(f'{value:.17g}' for value in row)}" for view, row in enumerate(rows)]
    (folder / "jug_par.txt").write_text("\n".join([str(len(lines)), *lines]))


@pytest.mark.parametrize("name", ["calibration.npz", "jug_par.txt"])
def test_k_r_and_t_alone_are_enough(new_data, name):
    write_k_r_t(new_data)
    Normalize(new_data, cameras=name, output="cameras_sphere.npz").main()
    given, read = read_projections(new_data / "cameras.npz"), read_projections(new_data / name)
    scales = np.linalg.norm(given[:, 2, :3], axis=1)[:, None, None]
    assert read == pytest.approx(given / scales, rel=1e-4, abs=1e-2)
    assert 0.7 < np.linalg.norm(in_scene(new_data), axis=1).max() < 1.0


def test_without_masks_the_cameras_tell_where_to_look(new_data):
    import shutil

    shutil.rmtree(new_data / "mask")
    Normalize(new_data).main()
    assert np.linalg.norm(in_scene(new_data), axis=1).max() < 1.5


def test_what_is_refused(new_data, tmp_path):
    with pytest.raises(UserError, match="--margin"):
        Normalize(new_data, margin=0.5).main()
    (new_data / "image" / "000000.png").unlink()
    with pytest.raises(UserError, match="9 images and 10 cameras"):
        Normalize(new_data).main()
    np.savez(new_data / "other.npz", something=np.zeros(3))
    with pytest.raises(UserError, match="several"):
        find_bare_cameras(new_data)
    with pytest.raises(UserError, match="K, R and t"):
        read_projections(new_data / "other.npz")
    np.savez(new_data / "wrong.npz", K=np.eye(3), R=np.eye(3), t=np.zeros(3))
    with pytest.raises(UserError, match="shapes"):
        read_projections(new_data / "wrong.npz")
    np.savez(new_data / "wrong.npz", K=np.eye(3), R=np.ones((2, 3, 3)), t=np.zeros((2, 3)))
    with pytest.raises(UserError, match="R of view 0 has no rotation"):
        read_projections(new_data / "wrong.npz")
    np.savez(new_data / "wrong.npz", K=np.eye(3), R=np.eye(3).astype(str), t=np.zeros((2, 3)))
    with pytest.raises(UserError, match="must hold numbers"):
        read_projections(new_data / "wrong.npz")
    (new_data / "short_par.txt").write_text("1\nimage.png 1 2 3\n")
    with pytest.raises(UserError, match="21 numbers"):
        read_projections(new_data / "short_par.txt")


def test_nothing_is_overwritten_unasked(new_data):
    Normalize(new_data, output="mine.npz").main()
    with pytest.raises(UserError, match="--overwrite"):
        Normalize(new_data, cameras="cameras.npz", output="mine.npz").main()
    Normalize(new_data, cameras="cameras.npz", output="mine.npz", overwrite=True).main()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), scale=st.floats(0.01, 100.0))
def test_the_smallest_sphere_holds_all_points_and_is_hardly_larger(seed, scale):
    generator = np.random.default_rng(seed)
    directions = generator.normal(size=(400, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    points = scale * (directions * generator.uniform(0.2, 1.0, (400, 1)) ** 0.1 + [3.0, -1.0, 2.0])
    centre, radius = smallest_sphere(points)
    assert np.linalg.norm(points - centre, axis=1).max() <= radius * (1 + 1e-12)
    assert radius < 1.01 * scale


def test_half_a_pixel_is_kept(new_data):
    """Normalising moves the region, not the pixels: K read back is the file's, plus nerfstudio's half pixel."""
    Normalize(new_data).main()
    exact = decompose_projection(read_projections(new_data / "cameras.npz")[0])[0]
    assert read_idr_scene(new_data).intrinsics[0][:2, 2] == pytest.approx(exact[:2, 2] + HALF_PIXEL, abs=1e-3)
