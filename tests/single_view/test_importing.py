"""Readers of other data sets: the shape that is read projects onto the silhouettes of its images."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from idr_neus_plugins.cli.import_shapes import reader_of
from idr_neus_plugins.core.pinhole import PinholeCamera
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.rendering import MeshRenderer
from idr_neus_plugins.single_view.importing.choy import choy_camera
from idr_neus_plugins.single_view.importing.source import Found, SourceShape, splits_of
from idr_neus_plugins.single_view.shapes.photographs import photograph
from idr_neus_plugins.single_view.shapes.shape import Shape
from tests.single_view.test_shapes import made

Z_UP = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
"""From y upwards."""
ROWS = np.array([[30.0, 25.0, 0.0, 0.9, 25.0], [200.0, 28.0, 0.0, 0.75, 25.0]])
SIZE = 96


def unevenly_placed() -> Shape:
    """Small and beside the origin, z up, as models of data sets are."""
    matrix = np.diag([0.4, 0.4, 0.4, 1.0])
    matrix[:3, 3] = [0.03, -0.02, 0.05]
    return made("mug").moved(matrix)


def with_y_up(shape: Shape) -> Shape:
    matrix = np.eye(4)
    matrix[:3, :3] = Z_UP.T
    return shape.moved(matrix)


def renderings(shape: Shape) -> list[tuple[PinholeCamera, np.ndarray]]:
    cameras = [choy_camera(azimuth, elevation, ratio, (SIZE, SIZE)) for azimuth, elevation, _, ratio, _ in ROWS]
    renderer = MeshRenderer(shape.look)
    return [(camera, photograph(renderer, camera)) for camera in cameras]


def overlaps(source: SourceShape) -> list[float]:
    """IoU of every silhouette with that of the solid."""
    ious = []
    for camera, image in source.views:
        rays = camera.rays(camera.pixel_centres())
        seen = source.shape.caster.first_hits(camera.centre, rays).met.reshape(camera.size)
        alpha = image[..., 3] > 127
        ious.append(float((seen & alpha).sum() / (seen | alpha).sum()))
    return ious


def read_one(layout, root: Path) -> SourceShape:
    reader = reader_of(layout, root)
    (found,) = reader.find(root)
    assert (found.category, found.name) == ("03797390", "abc")
    source = reader.read(found)
    assert min(overlaps(source)) > 0.95
    normalised = source.normalised(64)
    assert min(overlaps(normalised)) > 0.93 and normalised.views[0][1].shape == (64, 64, 4)
    return source


def write_choy(folder: Path, shape: Shape) -> None:
    (folder / "rendering").mkdir(parents=True)
    np.savetxt(folder / "rendering" / "rendering_metadata.txt", ROWS)
    for view, (_, image) in enumerate(renderings(shape)):
        Image.fromarray(image).save(folder / "rendering" / f"{view:02d}.png")


def test_choy_renderings_with_a_mesh(tmp_path):
    shape = unevenly_placed()
    write_choy(tmp_path / "images/03797390/abc", shape)
    models = tmp_path / "ShapeNetCore.v1/03797390/abc"
    models.mkdir(parents=True)
    with_y_up(shape).solid.export(models / "model.obj")
    assert read_one("choy", tmp_path).shape.solid.volume == pytest.approx(shape.solid.volume, rel=0.01)


def test_choy_renderings_with_the_files_of_disn(tmp_path):
    shape = unevenly_placed()
    write_choy(tmp_path / "image/03797390/abc", shape)
    upright = with_y_up(shape)
    matrix = upright.normalisation / np.array([[0.9], [0.9], [0.9], [1.0]])
    inner = "03797390/abc"
    for up in ("SDF_v1/256", "objs"):
        (tmp_path / up / inner).mkdir(parents=True)
    upright.moved(matrix).solid.export(tmp_path / "objs" / inner / "isosurf.obj")
    centre = -matrix[:3, 3] / matrix[0, 0]
    with h5py.File(tmp_path / "SDF_v1/256" / inner / "ori_sample.h5", "w") as content:
        content["norm_params"] = np.array([*centre, 1 / matrix[0, 0]])
    assert read_one("choy", tmp_path).shape.solid.volume == pytest.approx(shape.solid.volume, rel=0.01)


def test_lists_decide_the_split_and_else_the_share(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/test.lst").write_text("x\n")
    (tmp_path / "a/val.lst").write_text("y\n")
    found = [Found(name, category, tmp_path) for category in "ab" for name in "xyzw"]
    assert splits_of(tmp_path, found, 0.25) == ["test", "val", "train", "train", "train", "train", "val", "test"]


def test_a_folder_without_data_is_refused(tmp_path):
    with pytest.raises(UserError, match="There is no"):
        reader_of("choy", tmp_path).find(tmp_path)


def test_real_renderings_fit_their_mesh(shared_data):
    root = shared_data / "choy_format"
    if not (root / "corn3" / "corn3.obj").is_file():
        pytest.skip("needs the renderings of corn3 and their mesh")
    reader = reader_of("choy", root)
    assert min(overlaps(reader.read(Found("corn3", "choy_format", root / "corn3")))) > 0.95
