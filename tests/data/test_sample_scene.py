"""The sample scene is what it says: exact surface, cameras and masks that agree with it, the same every time."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
import trimesh
from PIL import Image

from idr_neus_plugins.cli.sample_scene import SampleScene
from idr_neus_plugins.data.idr_scene import read_idr_scene
from idr_neus_plugins.data.sample_camera import appearance, trace
from idr_neus_plugins.data.sample_scene import WORLD_FROM_SCENE, SampleSceneOptions, exact_surface, write_sample_scene
from idr_neus_plugins.data.solids import solid_named, solid_names
from idr_neus_plugins.data.solids.solid import Solid
from idr_neus_plugins.errors import UserError

JUG = solid_named("jug")
SMALL = SampleSceneOptions(views=3, size=24, mesh_resolution=32)


@pytest.fixture(params=solid_names())
def solid(request) -> Solid:
    return solid_named(request.param)


def test_the_surface_is_exact_closed_and_has_one_hole(solid):
    surface = exact_surface(solid, 96)
    points = (surface.vertices - WORLD_FROM_SCENE[:3, 3]) / WORLD_FROM_SCENE[0, 0]
    assert np.abs(solid.sdf(torch.from_numpy(points).double())).max() < 1e-5
    assert surface.is_watertight and surface.volume > 0
    assert surface.euler_number == 0, "one hole: the handle, or the passage"
    assert np.linalg.norm(points, axis=1).max() < solid.bound


def test_steps_of_the_tracer_never_jump_through_the_solid(solid):
    """No step from outside reaches a point that is inside or on the surface: neither short steps nor long ones."""
    generator = torch.Generator().manual_seed(0)
    a = 1.8 * torch.rand(50_000, 3, generator=generator, dtype=torch.float64) - 0.9
    for reach in (0.004, 0.02, 0.2):
        b = a + reach * torch.randn(50_000, 3, generator=generator, dtype=torch.float64)
        outside, beyond, apart = solid.sdf(a), solid.sdf(b), (a - b).norm(dim=1)
        assert ((outside - beyond).abs() / apart).max() < solid.lipschitz
        crossed = (outside > 0) & (beyond <= 0)
        assert (solid.nearest(outside)[crossed] <= apart[crossed]).all()


def test_colors_are_colors_wherever_one_looks_from(solid):
    points = solid_points(solid)
    directions = torch.nn.functional.normalize(torch.randn(len(points), 3, generator=torch.Generator().manual_seed(2)))
    colors = appearance(solid, points, directions)
    assert colors.isfinite().all() and colors.min() >= 0 and colors.max() <= 1 and colors.std() > 0.03


def solid_points(solid: Solid) -> torch.Tensor:
    vertices = exact_surface(solid, 48).vertices - WORLD_FROM_SCENE[:3, 3]
    return torch.from_numpy(vertices / WORLD_FROM_SCENE[0, 0]).float()


def test_only_what_is_glossy_changes_much_with_the_view():
    """The mean change of colour between two directions, over all of the surface."""
    changes = {}
    for name in solid_names():
        solid, (one, other) = solid_named(name), torch.eye(3)[:2]
        points = solid_points(solid)
        colors = [appearance(solid, points, way.expand_as(points)) for way in (one, other)]
        changes[name] = float((colors[0] - colors[1]).abs().mean())
    assert changes["vase"] > 2 * max(changes["jug"], changes["chapel"])


def test_an_unknown_solid_is_refused_by_name():
    with pytest.raises(UserError, match="no solid 'teapot'. Known are chapel, jug, vase"):
        SampleSceneOptions(solid="teapot")


def test_tracing_ends_on_the_first_crossing():
    origin = torch.tensor([2.0, -1.5, 1.0])
    directions = torch.nn.functional.normalize(
        0.35 * torch.randn(6000, 3, generator=torch.Generator().manual_seed(1)) - origin, dim=1
    )
    distances, hit = trace(JUG, origin, directions)
    along = torch.linspace(1.5, 4.0, 501)
    sdf = JUG.sdf((origin + along[:, None, None] * directions).reshape(-1, 3)).view(len(along), -1)
    crosses = (sdf < 0).any(0)
    assert 0.2 < hit.float().mean() < 0.95
    assert hit[(sdf < -0.003).any(0)].all(), "also behind an edge that the ray has grazed"
    assert not hit[(sdf > 0.001).all(0)].any()
    first = along[(sdf < 0).int().argmax(0)]
    assert (distances - first)[hit & crosses].abs().median() < 3e-3


def test_masks_are_the_silhouette_of_the_surface(tiny_scene):
    scene, surface = read_idr_scene(tiny_scene), trimesh.load(tiny_scene / "surface.ply")
    for view in (0, 4, 9):
        world_to_camera = np.linalg.inv(scene.world_from_scene @ scene.camera_to_scene[view])
        seen = (trimesh.transform_points(surface.vertices, world_to_camera)) @ scene.intrinsics[view].T
        x, y = np.floor(seen[:, :2] / seen[:, 2:]).astype(int).T
        mask = np.array(Image.open(scene.mask_filenames[view])) > 127
        assert mask[y, x].mean() > 0.95
        rows, columns = np.nonzero(mask)
        reached = [(columns.min(), x.min()), (columns.max(), x.max()), (rows.min(), y.min()), (rows.max(), y.max())]
        assert max(abs(int(a) - int(b)) for a, b in reached) <= 1


def test_noisy_cameras_are_off_by_what_was_asked(tmp_path):
    write_sample_scene(tmp_path / "a", replace(SMALL, pose_noise=(1.0, 3.0)))
    true, noisy = read_idr_scene(tmp_path / "a", "cameras"), read_idr_scene(tmp_path / "a", "cameras_linear_init")
    shift = np.linalg.norm((true.camera_to_scene - noisy.camera_to_scene)[:, :3, 3], axis=1) * WORLD_FROM_SCENE[0, 0]
    turn = true.camera_to_scene[:, :3, :3].transpose(0, 2, 1) @ noisy.camera_to_scene[:, :3, :3]
    angle = np.degrees(np.arccos((np.trace(turn, axis1=1, axis2=2) - 1) / 2))
    np.testing.assert_allclose(shift, 3.0, atol=0.02)
    np.testing.assert_allclose(angle, 1.0, atol=0.02)


def test_same_options_same_files_and_nothing_to_do_twice(tmp_path):
    assert write_sample_scene(tmp_path / "a", SMALL) and write_sample_scene(tmp_path / "b", SMALL)
    for path in ("image/000001.png", "mask/002.png", "cameras_sphere.npz", "surface.ply"):
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes(), path
    assert not write_sample_scene(tmp_path / "a", SMALL)


def test_other_options_replace_the_scene(tmp_path):
    write_sample_scene(tmp_path / "a", SMALL)
    options = SampleSceneOptions(views=2, size=24, masks=False, background=True, mesh_resolution=32)
    assert write_sample_scene(tmp_path / "a", options)
    assert len(list((tmp_path / "a" / "image").iterdir())) == 2
    assert not (tmp_path / "a" / "mask").exists()
    assert np.array(Image.open(tmp_path / "a" / "image" / "000000.png"))[0].any(), "there is a background"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_foreign_folders_are_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match="no sample scene"):
        write_sample_scene(tmp_path, SMALL)
    assert (tmp_path / "thesis.tex").exists()


def test_a_scene_with_added_files_is_not_replaced(tmp_path):
    write_sample_scene(tmp_path / "a", SMALL)
    (tmp_path / "a" / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="notes.txt"):
        write_sample_scene(tmp_path / "a", replace(SMALL, views=2))
    assert (tmp_path / "a" / "notes.txt").exists()


def test_an_interrupted_run_leaves_nothing(tmp_path):
    def stop(view: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_sample_scene(tmp_path / "a", SMALL, stop)
    assert not list(tmp_path.iterdir())


def test_the_command_writes_and_says_where(tmp_path, capsys):
    SampleScene(tmp_path / "a", views=2, size=16, pose_noise=(0.5, 1.0)).main()
    assert "surface.ply" in capsys.readouterr().out
    assert json.loads((tmp_path / "a" / "sample_scene.json").read_text())["size"] == 16
    assert (tmp_path / "a" / "cameras_linear_init.npz").is_file()


def test_scenes_too_small_to_be_one_are_refused():
    with pytest.raises(UserError, match="too small"):
        SampleSceneOptions(views=1)
