"""The photographs agree with the cameras that are written beside them."""

import importlib.util
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image

from idr_neus_plugins.errors import UserError

SCRIPT = Path(__file__).parents[2] / "scripts" / "phone_photos.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("phone_photos", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A red ball of radius 0.4 whose centre is off the origin."""
    folder = tmp_path_factory.mktemp("inputs")
    ball = trimesh.creation.icosphere(subdivisions=3, radius=0.4)
    ball.apply_translation([0.3, 0.1, -0.2])
    ball.visual = trimesh.visual.TextureVisuals(uv=np.full((len(ball.vertices), 2), 0.5))
    ball.export(folder / "ball.obj")
    Image.new("RGB", (4, 4), (250, 0, 0)).save(folder / "red.png")
    return folder


@pytest.fixture(scope="module")
def phone(script, inputs, tmp_path_factory):
    """Photographs of the ball."""
    output = tmp_path_factory.mktemp("phone") / "out"
    options = {"photos": 3, "width": 160, "height": 120, "distortion": (0.0, 0.0), "noise": 0.0}
    script.Phone(inputs / "ball.obj", inputs / "red.png", output, **options).main()
    return output


def test_the_object_is_where_the_cameras_say(phone):
    cameras = np.load(phone / "truth" / "cameras.npz")
    for view, path in enumerate(sorted((phone / "photos").glob("*.jpg"))):
        picture = np.asarray(Image.open(path)).astype(float)
        red = (picture[..., 0] > 90) & (picture[..., 1:].max(-1) < 40)
        y, x = np.nonzero(red)
        projected = cameras[f"world_mat_{view}"] @ [0.3, 0.1, -0.2, 1.0]
        seen = [(x.min() + x.max()) / 2 + 0.5, (y.min() + y.max()) / 2 + 0.5]
        assert np.abs(projected[:2] / projected[2] - seen).max() < 2.0
        assert red.sum() > 200


def test_the_true_surface_is_kept_beside_them(phone):
    surface = trimesh.load(phone / "truth" / "surface.ply")
    np.testing.assert_allclose(surface.bounds.mean(0), [0.3, 0.1, -0.2], atol=1e-5)
    assert len(list((phone / "photos").iterdir())) == 3


def test_the_ball_throws_a_shadow_on_the_sheet(script, inputs):
    """Seen from above: where the light's way down from the ball meets the sheet, and nowhere else."""
    ball, red = trimesh.load(inputs / "ball.obj", process=False), np.full((4, 4, 3), 250, np.uint8)
    stage = script.Stage(ball, red, np.random.default_rng(0))
    stage.sheet[:] = 0.5
    points = np.array(
        [[0.3, stage.floor, -0.2] - 0.4 / script.LIGHT[1] * script.LIGHT * [1, 0, 1], [1.2, stage.floor, 1]]
    )
    origin = np.array([-1.5, 4.0, -1.5])
    in_shadow, in_light = stage._floor_color(origin, points - origin)
    np.testing.assert_allclose(in_shadow, 0.5 * script.AMBIENT, rtol=1e-5)
    np.testing.assert_allclose(in_light, 0.5 * (script.AMBIENT + (1 - script.AMBIENT) * script.LIGHT[1]), rtol=1e-5)


def test_bad_input_is_told_and_leaves_nothing(script, inputs, tmp_path):
    bare, broken = tmp_path / "bare.ply", tmp_path / "broken.png"
    trimesh.creation.box().export(bare)
    broken.write_bytes(b"no picture")
    for mesh, texture, problem in [
        (tmp_path / "none.obj", inputs / "red.png", "no mesh file"),
        (bare, inputs / "red.png", "no texture coordinates"),
        (inputs / "ball.obj", tmp_path / "none.png", "none.png does not exist"),
        (inputs / "ball.obj", broken, "cannot be read as an image"),
    ]:
        with pytest.raises(UserError, match=problem):
            script.Phone(mesh, texture, tmp_path / "out").main()
    assert sorted(tmp_path.iterdir()) == [bare, broken]


def test_the_script_says_what_is_wrong_without_a_stack_trace(inputs, tmp_path, monkeypatch, capsys):
    (tmp_path / "mine").touch()
    monkeypatch.setattr(
        sys, "argv", ["phone_photos.py", *map(str, (inputs / "ball.obj", inputs / "red.png", tmp_path))]
    )
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(SCRIPT), run_name="__main__")
    assert stop.value.code == 1 and "is not empty" in capsys.readouterr().err
