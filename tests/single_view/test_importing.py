"""Readers of other data sets: the shape that is read projects onto the silhouettes of its images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from idr_neus_plugins.cli.import_shapes import reader_of
from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.rendering import MeshRenderer
from idr_neus_plugins.single_view.importing.backgrounds import cut_from_background
from idr_neus_plugins.single_view.importing.choy import choy_camera
from idr_neus_plugins.single_view.importing.im2avatar import fitted_camera
from idr_neus_plugins.single_view.importing.solids import Z_UP
from idr_neus_plugins.single_view.importing.source import Found, SourceShape, splits_of
from idr_neus_plugins.single_view.shapes.photographs import photograph
from idr_neus_plugins.single_view.shapes.shape import Shape
from tests.single_view.test_shapes import made

ROWS = np.array([[30.0, 25.0, 0.0, 0.9, 25.0], [200.0, 28.0, 0.0, 0.75, 25.0]])
SIZE = 128


def unevenly_placed() -> Shape:
    """Small and beside the origin, z up, as models of data sets are."""
    matrix = np.diag([0.4, 0.4, 0.4, 1.0])
    matrix[:3, 3] = [0.03, -0.02, 0.05]
    return made("mug").moved(matrix)


def with_y_up(shape: Shape) -> Shape:
    matrix = np.eye(4)
    matrix[:3, :3] = Z_UP.T
    return shape.moved(matrix)


def renderings(shape: Shape) -> list[tuple[Camera, np.ndarray]]:
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
    normalised = source.normalised(64)
    print(layout, overlaps(source), overlaps(normalised))
    assert min(overlaps(source)) >= 0.95 and min(overlaps(normalised)) >= 0.95
    assert normalised.views[0][1].shape == (64, 64, 4)
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


def test_oriented_points_of_occupancy_networks(tmp_path):
    shape, folder = unevenly_placed(), tmp_path / "03797390/abc"
    (folder / "img_choy2016").mkdir(parents=True)
    scale, loc = 0.7, np.array([0.01, 0.02, 0.03])
    y_up = with_y_up(shape).solid
    points, faces = y_up.sample(100_000, return_index=True, seed=0)  # type: ignore[misc]
    cloud = {"points": (points - loc) / scale, "normals": y_up.face_normals[faces]}
    halves = {name: values.astype(np.float16) for name, values in cloud.items()}
    np.savez(folder / "pointcloud.npz", **halves, loc=loc, scale=scale)
    cameras = {}
    for view, (camera, image) in enumerate(renderings(shape)):
        Image.fromarray(over(image, 255)).save(folder / f"img_choy2016/{view:03d}.jpg", quality=90)
        to_ndc = np.array([[2 / SIZE, 0, -1], [0, 2 / SIZE, -1], [0, 0, 1]])
        rotation = camera.camera_to_scene[:, :3].T @ Z_UP
        shift = -camera.camera_to_scene[:, :3].T @ camera.centre
        cameras[f"world_mat_{view}"] = np.concatenate([rotation, shift[:, None]], 1)
        cameras[f"camera_mat_{view}"] = to_ndc @ camera.intrinsics
    np.savez(folder / "img_choy2016/cameras.npz", **cameras)
    assert read_one("onet", tmp_path).shape.solid.volume == pytest.approx(shape.solid.volume, rel=0.03)


def test_voxels_of_im2avatar(tmp_path):
    shape, folder = unevenly_placed(), tmp_path / "03797390/abc"
    for name in ("views", "models"):
        (folder / name).mkdir(parents=True)
    voxels = with_y_up(shape).solid.voxelized(shape.solid.extents.max() / 62)
    filled = np.zeros((64, 64, 64), bool)
    low = (np.array([64, 64, 64]) - voxels.shape) // 2
    filled[tuple(slice(a, a + n) for a, n in zip(low, voxels.shape, strict=True))] = voxels.matrix
    positions = voxels.indices_to_points(np.argwhere(filled) - low) @ Z_UP.T
    write_h5(folder / "models/model_normalized_64.h5", filled, shape.colors(positions) / 255)
    for view, (camera, image) in enumerate(renderings(shape)):
        Image.fromarray(over(image, 9)).save(folder / f"views/{view}.png")
        write_h5(folder / f"models/64_{view}_coor.h5", filled, camera.project(positions)[0] / SIZE)
    solid = read_one("im2avatar", tmp_path).shape.solid
    assert solid.is_watertight and solid.volume > 0


def over(image: np.ndarray, background: int) -> np.ndarray:
    alpha = image[..., 3:] / 255
    return (image[..., :3] * alpha + background * (1 - alpha)).round().astype(np.uint8)


def write_h5(path: Path, filled: np.ndarray, values: np.ndarray) -> None:
    """``values`` of the filled voxels, -1 elsewhere."""
    data = np.full((*filled.shape, values.shape[1]), -1.0)
    data[filled] = values
    with h5py.File(path, "w") as content:
        content["data"] = data


def test_soft_borders_end_at_half_of_their_contrast():
    alpha = np.zeros((60, 60, 1))
    alpha[5:15, 5:15] = 1
    alpha[5:15, 4], alpha[5:15, 15] = 0.3, 0.7
    color = np.array([40, 90, 160])
    picture = (alpha * color + (1 - alpha) * 255).round().astype(np.uint8)
    picture[9, 9] = 255
    cut = cut_from_background(picture, np.full(3, 255, np.uint8), 4)
    assert np.abs(cut[..., 3:] / 255 - alpha).max() < 0.01
    assert np.abs(cut[alpha[..., 0] == 0.3][:, :3].astype(int) - color).max() <= 4
    assert (cut[9, 9] == 255).all(), "a highlight within is no hole"


def test_a_camera_is_fitted_to_what_it_sees_and_to_nothing_else():
    camera = choy_camera(77.0, 20.0, 0.8, (SIZE, SIZE))
    rng = np.random.default_rng(0)
    points = rng.uniform(-0.4, 0.4, (100, 3))
    fitted = fitted_camera(points, camera.project(points)[0], camera.size)
    assert fitted is not None
    np.testing.assert_allclose(fitted.camera_to_scene, camera.camera_to_scene, atol=1e-5)
    assert fitted_camera(points, rng.uniform(0, SIZE, (100, 2)), camera.size) is None


def test_files_without_their_arrays_are_refused(tmp_path):
    (tmp_path / "c/s/img_choy2016").mkdir(parents=True)
    np.savez(tmp_path / "c/s/pointcloud.npz", points=np.zeros((3, 3)))
    (tmp_path / "c/s/models").mkdir()
    (tmp_path / "c/s/models/model_normalized_64.h5").write_text("none")
    for layout, message in (("onet", "normals"), ("im2avatar", "cannot be read")):
        reader = reader_of(layout, tmp_path)
        with pytest.raises(UserError, match=message):
            reader.read(reader.find(tmp_path)[0])


def test_lists_decide_the_split_and_else_the_share(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/test.lst").write_text("x\n")
    (tmp_path / "a/val.lst").write_text("y\n")
    found = [Found(name, category, tmp_path) for category in "ab" for name in "xyzw"]
    assert splits_of(tmp_path, found, 0.25) == ["test", "val", "train", "train", "train", "train", "val", "test"]


@pytest.mark.parametrize("layout", ["choy", "onet", "im2avatar"])
def test_a_folder_without_data_is_refused(tmp_path, layout):
    with pytest.raises(UserError, match="There is no"):
        reader_of(layout, tmp_path).find(tmp_path)


@pytest.mark.parametrize(
    ("name", "mesh"),
    [
        ("corn3", "corn3/corn3.obj"),
        ("plane", "model/test_shapenet/plane/plane2.obj"),
        ("car", "model/test_shapenet/car/model.obj"),
    ],
)
def test_real_renderings_fit_their_mesh(shared_data, tmp_path, name, mesh):
    root, folder = shared_data / "choy_format", tmp_path / "real" / name
    if not (root / mesh).is_file():
        pytest.skip(f"needs {root / mesh}, the model of these renderings")
    folder.mkdir(parents=True)
    (folder / "rendering").symlink_to(root / name)
    (folder / "model.obj").symlink_to(root / mesh)
    source = reader_of("choy", tmp_path).read(Found(name, "real", folder))
    as_modelled = SourceShape(replace(source.shape, solid=source.shape.look.shape), source.views)
    print(name, min(overlaps(as_modelled)), min(overlaps(source)))
    assert min(overlaps(as_modelled)) >= 0.95
    assert min(overlaps(source)) >= 0.95, "as a watertight solid too, which is a wrap around its faces"
