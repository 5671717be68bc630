"""Turntable films, and the meshes that `view` lays out."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import trimesh
from nerfstudio.cameras.cameras import Cameras
from PIL import Image

from idr_neus_plugins.cli.turntable import Turntable
from idr_neus_plugins.cli.view_meshes import ViewMeshes, short_names
from idr_neus_plugins.data.views import nerfstudio_camera, pinhole_cameras
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.reports.films import write_gif, write_mp4
from tests.meshing.views import SphereSurface, looking_at_origin

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg on this machine")


def frames(count: int) -> list[np.ndarray]:
    return [np.full((32, 96, 3), 20 * index, np.uint8) for index in range(count)]


class Filmed(SphereSurface):
    """A model that renders red everywhere."""

    device = torch.device("cpu")

    def __init__(self) -> None:
        super().__init__()
        places = [np.array([2.0, 0.3 * turn, 0.7]) for turn in range(3)]
        cameras = [nerfstudio_camera(looking_at_origin(place)) for place in places]
        poses = torch.cat([camera.camera_to_worlds for camera in cameras])
        self.all_cameras = Cameras(poses, 80.0, 80.0, 32.0, 32.0, 64, 64)

    def surface(self, threshold: float | None = None) -> SphereSurface:
        return self

    def get_outputs_for_camera(self, camera: Cameras) -> dict[str, torch.Tensor]:
        size = (int(camera.height), int(camera.width), 1)
        red = torch.tensor([1.0, 0.0, 0.0]).expand(*size[:2], 3)
        return {"rgb": red, "normals": 0 * red, "accumulation": torch.ones(size)}


@needs_ffmpeg
def test_a_film_shows_rendering_normals_and_mesh(tmp_path, monkeypatch):
    import mediapy

    monkeypatch.setattr("idr_neus_plugins.run.load_run", lambda _: SimpleNamespace(model=Filmed()))
    monkeypatch.setattr("idr_neus_plugins.cli.turntable.RESOLUTION", 32)
    film = tmp_path / "films" / "ball.mp4"
    Turntable(Path("config.yml"), film, frames=6, size=32, gif_width=48, gif_frames=3).main()
    pictures = mediapy.read_video(film)
    assert pictures.shape == (6, 32, 96, 3)
    assert pictures[2, 16, 16, 0] > 200 and pictures[2, 16, 16, 1] < 60 and pictures[2, 16, 48].max() < 40
    mesh = pictures[2, :, 64:].astype(int)
    assert mesh[16, 16].min() > 150 and np.ptp(mesh[16, 16]) < 30 and mesh[0, 0].max() < 40
    with Image.open(film.with_suffix(".gif")) as gif:
        assert gif.size == (48, 16) and gif.n_frames == 3 and gif.info["loop"] == 0


@needs_ffmpeg
def test_films_have_all_their_pictures(tmp_path):
    import mediapy

    write_mp4(frames(7), tmp_path / "film.mp4", 10.0)
    write_gif(frames(7), tmp_path / "film.gif", 48, 10.0)
    assert len(mediapy.read_video(tmp_path / "film.mp4")) == 7
    with Image.open(tmp_path / "film.gif") as gif:
        assert (gif.n_frames, gif.size, gif.info["duration"]) == (7, (48, 16), 100)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("options", [{"output": Path("film.avi")}, {"size": 33}, {"frames": 0}])
def test_impossible_films(options):
    with pytest.raises(UserError, match="--"):
        Turntable(**{"load_config": Path("none.yml"), "output": Path("film.mp4"), **options}).main()


def test_cameras_there_and_back():
    camera = looking_at_origin(np.array([1.0, 2, 3]), size=20)
    (again,) = pinhole_cameras(nerfstudio_camera(camera))
    np.testing.assert_allclose(again.camera_to_scene, camera.camera_to_scene, atol=1e-6)
    np.testing.assert_allclose(again.intrinsics, camera.intrinsics)
    assert again.size == (20, 20)


def test_names_tell_files_apart(tmp_path):
    assert short_names((Path("a/x.ply"), Path("b/y.ply"))) == ["x.ply", "y.ply"]
    assert short_names((Path("a/x.ply"), Path("b/x.ply"))) == ["a/x.ply", "b/x.ply"]
    assert short_names((Path("x.ply"), Path("x.ply"))) == ["1: x.ply", "2: x.ply"]
    with pytest.raises(UserError, match="no mesh file"):
        ViewMeshes((tmp_path / "none.ply",)).main()
    trimesh.creation.box().export(tmp_path / "box.ply")
    with pytest.raises(UserError, match="no mesh file"):
        ViewMeshes((tmp_path / "box.ply",), reference=tmp_path / "none.ply").main()


def test_a_film_on_a_full_disk_is_told_and_leaves_nothing(tmp_path):
    """ffmpeg itself ends well and leaves half a film."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("no right to mount a disk here")
    try:
        noise = np.random.default_rng(0).integers(0, 256, (20, 64, 64, 3), np.uint8)
        with pytest.raises(UserError, match="film.mp4 could not be encoded .*No space left on device.* room"):
            write_mp4(list(noise), disk / "film.mp4", 10.0)
        assert not list(disk.iterdir())
    finally:
        subprocess.run(["umount", str(disk)], check=True)
