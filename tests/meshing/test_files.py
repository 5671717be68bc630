"""Frames, colours and files: what is written is what trimesh and pymeshlab read."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from PIL import Image

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.colors import vertex_colors
from idr_neus_plugins.meshing.files import write_mesh
from idr_neus_plugins.meshing.frames import to_frame
from idr_neus_plugins.meshing.gltf import linear_to_srgb, srgb_to_linear
from idr_neus_plugins.meshing.mesh import Mesh, Texture
from idr_neus_plugins.meshing.reading import read_mesh

RECORD = {"frame": "world", "units": "millimetres", "world_from_scene": np.eye(4).tolist()}


def colored_box() -> Mesh:
    box = trimesh.creation.box()
    colors = (np.arange(24).reshape(8, 3) * 10).astype(np.uint8)
    attributes = {"views": np.arange(8, dtype=np.int32), "confidence": np.linspace(0, 1, 8, dtype=np.float32)}
    return Mesh(np.array(box.vertices), np.array(box.faces), np.array(box.vertex_normals), colors, attributes)


def textured_square() -> Mesh:
    """Red, green, blue and white quarters: red upper left, blue lower left."""
    corners = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    image = np.zeros((32, 32, 3), np.uint8)
    image[:16, :16, 0], image[:16, 16:, 1], image[16:, :16, 2], image[16:, 16:] = 255, 255, 255, 255
    faces, normals = np.array([[0, 1, 2], [0, 2, 3]]), np.tile([0.0, 0, 1], (4, 1))
    return Mesh(corners, faces, normals, texture=Texture(corners[:, :2], image))


def test_to_frame_moves_scales_and_keeps_the_outside_outside():
    matrix = np.diag([2.0, 2.0, -2.0, 1.0])
    matrix[:3, 3] = [10, 20, 30]
    moved = to_frame(colored_box(), matrix)
    np.testing.assert_allclose(moved.shape.bounds, [[9, 19, 29], [11, 21, 31]])
    assert moved.shape.volume == pytest.approx(8)
    np.testing.assert_allclose(moved.normals, colored_box().normals * [1, 1, -1])


@pytest.mark.parametrize("suffix", ["ply", "obj", "glb"])
def test_files_load_again_closed_and_colored(tmp_path, suffix):
    mesh, path = colored_box(), tmp_path / "new" / f"mesh.{suffix}"
    assert write_mesh(mesh, path, RECORD) == [path]
    loaded = read_mesh(path)
    assert loaded.shape.is_watertight and loaded.shape.volume == pytest.approx(1)
    order = [np.linalg.norm(mesh.vertices - vertex, axis=1).argmin() for vertex in loaded.vertices]
    assert np.abs(loaded.colors.astype(int) - mesh.colors[order]).max() <= 1
    np.testing.assert_allclose(loaded.normals, mesh.normals[order], atol=1e-4)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def glb_tree(path: Path) -> tuple[dict, bytes]:
    """JSON and binary chunk of a GLB."""
    content = path.read_bytes()
    length = struct.unpack("<I", content[12:16])[0]
    return json.loads(content[20 : 20 + length]), content[28 + length :]


def test_glb_colors_are_linear_floats_and_its_material_unlit(tmp_path):
    path = tmp_path / "mesh.glb"
    write_mesh(colored_box(), path, RECORD)
    tree, binary = glb_tree(path)
    (primitive,) = tree["meshes"][0]["primitives"]
    accessor = tree["accessors"][primitive["attributes"]["COLOR_0"]]
    view = tree["bufferViews"][accessor["bufferView"]]
    assert accessor["componentType"] == 5126 and accessor["type"] == "VEC3"
    start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
    values = np.frombuffer(binary, "<f4", 24, start).reshape(8, 3)
    np.testing.assert_allclose(linear_to_srgb(values) * 255, colored_box().colors, atol=0.01)
    material = tree["materials"][primitive["material"]]
    assert "KHR_materials_unlit" in material["extensions"] and tree["extensionsUsed"] == ["KHR_materials_unlit"]
    assert material["pbrMetallicRoughness"]["metallicFactor"] == 0
    assert tree["asset"]["extras"] == RECORD
    assert view["target"] == 34962
    assert {"_VIEWS", "_CONFIDENCE", "NORMAL"} <= set(primitive["attributes"])


def test_linear_light_and_back():
    values = np.linspace(0, 1, 300)
    np.testing.assert_allclose(linear_to_srgb(srgb_to_linear(values)), values, atol=1e-9)
    assert srgb_to_linear(np.array(0.5)) == pytest.approx(0.2140, abs=1e-4)


def test_ply_carries_normals_attributes_and_the_record(tmp_path):
    mesh, path = colored_box(), tmp_path / "mesh.ply"
    write_mesh(mesh, path, RECORD)
    head = path.read_bytes().split(b"end_header")[0].decode()
    assert "comment units: millimetres" in head and "property float confidence" in head
    raw = trimesh.load(path, process=False).metadata["_ply_raw"]["vertex"]["data"]
    np.testing.assert_array_equal(raw["views"], mesh.attributes["views"])
    np.testing.assert_allclose(raw["nx"], mesh.normals[:, 0], atol=1e-6)


def test_stl_is_the_shape(tmp_path):
    write_mesh(colored_box(), tmp_path / "mesh.stl", RECORD)
    assert trimesh.load(tmp_path / "mesh.stl").volume == pytest.approx(1)


@pytest.mark.parametrize("suffix", ["obj", "glb"])
def test_a_texture_arrives_the_right_way_up(tmp_path, suffix):
    path = tmp_path / f"mesh.{suffix}"
    files = write_mesh(textured_square(), path, RECORD)
    assert [file.name for file in files] == ["mesh.obj", "mesh.mtl", "mesh.png"] if suffix == "obj" else [path]
    loaded = trimesh.load(path, force="mesh", process=False)
    material = loaded.visual.material
    picture = np.asarray((material.image if suffix == "obj" else material.baseColorTexture).convert("RGB"))
    for corner, color in (([0, 1, 0], [255, 0, 0]), ([0, 0, 0], [0, 0, 255]), ([1, 1, 0], [0, 255, 0])):
        u, v = loaded.visual.uv[np.linalg.norm(loaded.vertices - corner, axis=1).argmin()]
        assert picture[min(int((1 - v) * 32), 31), min(int(u * 32), 31)].tolist() == color


def test_pymeshlab_opens_textured_and_colored_files(tmp_path):
    import pymeshlab

    write_mesh(textured_square(), tmp_path / "square.obj", RECORD)
    write_mesh(colored_box(), tmp_path / "box.ply", RECORD)
    work = pymeshlab.MeshSet()
    work.load_new_mesh(str(tmp_path / "square.obj"))
    assert work.current_mesh().texture_number() == 1 and work.current_mesh().has_wedge_tex_coord()
    work.load_new_mesh(str(tmp_path / "box.ply"))
    np.testing.assert_allclose(work.current_mesh().vertex_color_matrix()[:, :3] * 255, colored_box().colors, atol=0.51)


def test_what_a_format_cannot_hold_is_refused(tmp_path):
    with pytest.raises(UserError, match="holds no texture"):
        write_mesh(textured_square(), tmp_path / "mesh.ply", RECORD)
    with pytest.raises(UserError, match="written as"):
        write_mesh(colored_box(), tmp_path / "mesh.fbx", RECORD)
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_read_is_named(tmp_path):
    with pytest.raises(UserError, match="no mesh file"):
        read_mesh(tmp_path / "none.glb")
    (tmp_path / "bad.glb").write_bytes(b"not a mesh")
    with pytest.raises(UserError, match="cannot be read"):
        read_mesh(tmp_path / "bad.glb")
    trimesh.PointCloud(np.eye(3)).export(tmp_path / "cloud.ply")
    with pytest.raises(UserError, match="no triangles|cannot be read"):
        read_mesh(tmp_path / "cloud.ply")


def test_a_failing_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "mesh.ply"
    write_mesh(colored_box(), path, RECORD)
    before = path.read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_mesh(replace(colored_box(), colors=None), path, RECORD)
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_vertex_colors_in_batches():
    vertices = np.random.default_rng(0).uniform(-1, 2, (1000, 3))
    colors = vertex_colors(lambda p: p, vertices, torch.device("cpu"), batch_size=77, progress=False)
    assert colors.dtype == np.uint8
    np.testing.assert_allclose(colors / 255, np.clip(vertices, 0, 1), atol=0.5 / 255 + 1e-6)


def test_faces_are_taken_with_all_that_is_known_at_their_vertices():
    mesh = colored_box()
    part = mesh.only(np.arange(12) < 2)
    used = np.unique(mesh.faces[:2])
    assert len(part.faces) == 2 and len(part.vertices) == len(used)
    np.testing.assert_array_equal(part.colors, mesh.colors[used])
    np.testing.assert_array_equal(part.vertices[part.faces], mesh.vertices[mesh.faces[:2]])


def test_png_of_an_obj_is_the_picture(tmp_path):
    write_mesh(textured_square(), tmp_path / "mesh.obj", RECORD)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "mesh.png")), textured_square().texture.image)
