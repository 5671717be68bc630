"""The photographs agree with the cameras that are written beside them."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image

SCRIPT = Path(__file__).parents[2] / "scripts" / "phone_photos.py"


@pytest.fixture(scope="module")
def phone(tmp_path_factory):
    """Photographs of a red ball of radius 0.4 whose centre is off the origin."""
    folder = tmp_path_factory.mktemp("phone")
    ball = trimesh.creation.icosphere(subdivisions=3, radius=0.4)
    ball.apply_translation([0.3, 0.1, -0.2])
    ball.visual = trimesh.visual.TextureVisuals(uv=np.full((len(ball.vertices), 2), 0.5))
    ball.export(folder / "ball.obj")
    Image.new("RGB", (4, 4), (250, 0, 0)).save(folder / "red.png")
    spec = importlib.util.spec_from_file_location("phone_photos", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    options = {"photos": 3, "width": 160, "height": 120, "distortion": (0.0, 0.0), "noise": 0.0}
    module.Phone(folder / "ball.obj", folder / "red.png", folder / "out", **options).main()
    return folder / "out"


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
