"""Layouts of other programs, written from the sample scene's cameras, and read as the same cameras."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from idr_neus_plugins.core.camera import flip_axes
from idr_neus_plugins.data.formats.reading import read_posed_scene
from idr_neus_plugins.data.formats.scene import PosedScene, View
from idr_neus_plugins.errors import UserError

HALF = 0.5 * np.array([[0, 0, 1], [0, 0, 1], [0, 0, 0]])


@pytest.fixture(scope="module")
def original(tiny_scene) -> PosedScene:
    return read_posed_scene(tiny_scene)


def place(scene: PosedScene, folder: Path, images: str = "images", masks: str | None = "masks") -> None:
    for kind, name in (("image", images), ("mask", masks)):
        for number, view in enumerate(scene.views if name else ()):
            (folder / name).mkdir(parents=True, exist_ok=True)
            shutil.copy(getattr(view, kind), folder / name / f"{number:04d}.png")


def write_llff(scene: PosedScene, folder: Path) -> None:
    place(scene, folder)
    rows = []
    for view in scene.views:
        right, down, forward, centre = view.camera_to_world[:3].T
        hwf = [*view.size, view.intrinsics[0, 0]]
        rows.append([*np.stack([down, right, -forward, centre, hwf], 1).ravel(), 200.0, 800.0])
    np.save(folder / "poses_bounds.npy", rows)


def calibration(view: View) -> str:
    (fx, _, cx), (_, fy, cy), _ = view.intrinsics
    height, width = view.size
    return (
        f'<resolution width="{width}" height="{height}"/><f>{fy!r}</f><b1>{fx - fy!r}</b1>'
        f"<cx>{cx - width / 2!r}</cx><cy>{cy - height / 2!r}</cy><p1>0.001</p1><p2>0.002</p2>"
    )


def write_metashape(scene: PosedScene, folder: Path, transform: str = "") -> None:
    """``transform`` is the chunk's."""
    place(scene, folder)
    sensors, cameras = "", ""
    for number, view in enumerate(scene.views):
        words = " ".join(map(repr, map(float, view.camera_to_world.ravel())))
        sensors += (
            f'<sensor id="{number}" type="frame"><calibration type="frame" class="adjusted">{calibration(view)}'
            "</calibration></sensor>"
        )
        cameras += (
            f'<camera id="{number}" sensor_id="{number}" label="{number:04d}"><transform>{words}</transform></camera>'
        )
    cameras += '<camera id="99" sensor_id="0" label="not_aligned"/>'
    (folder / "cameras.xml").write_text(
        f'<?xml version="1.0"?><document version="2.0.0"><chunk label="1"><sensors>{sensors}</sensors>'
        f"<cameras>{cameras}</cameras>{transform}</chunk></document>"
    )


def write_reality_capture(scene: PosedScene, folder: Path) -> None:
    place(scene, folder)
    lines = ["#name,x,y,alt,heading,pitch,roll,f,px,py,k1,k2,k3,k4,t1,t2"]
    for number, view in enumerate(scene.views):
        yaw, pitch, roll = Rotation.from_matrix(flip_axes(view.camera_to_world)[:3, :3]).as_euler("ZXY", degrees=True)
        size, matrix = max(view.size), view.intrinsics
        lens = [36 * matrix[0, 0] / size, *(matrix[:2, 2] - np.array(view.size[::-1]) / 2) / size, *[0.0] * 6]
        values = (*view.camera_to_world[:3, 3], -yaw, pitch, roll, *lens)
        lines.append(",".join([f"{number:04d}.png", *(repr(float(value)) for value in values)]))
    (folder / "cameras.csv").write_text("\n".join(lines) + "\n")


def write_polycam(scene: PosedScene, folder: Path) -> None:
    place(scene, folder, "keyframes/corrected_images")
    (folder / "keyframes" / "corrected_cameras").mkdir()
    for number, view in enumerate(scene.views):
        (height, width), matrix, pose = view.size, view.intrinsics, flip_axes(view.camera_to_world)
        camera = {f"t_{row}{column}": pose[row, column] for row in range(3) for column in range(4)}
        camera |= {"fx": matrix[0, 0], "fy": matrix[1, 1], "cx": matrix[0, 2], "cy": matrix[1, 2]}
        camera |= {"width": width, "height": height, "blur_score": 100.0}
        (folder / "keyframes" / "corrected_cameras" / f"{number:04d}.json").write_text(json.dumps(camera))


def write_matrices(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[PosedScene, Path], None]:
    def write(scene: PosedScene, folder: Path) -> None:
        place(scene, folder, "rgb")
        (folder / name).mkdir()
        np.savetxt(folder / "cam_K.txt", scene.views[0].intrinsics - HALF)
        for number, view in enumerate(scene.views):
            np.savetxt(folder / name / f"{number:04d}.txt", change(view.camera_to_world))

    return write


LAYOUTS: dict[str, tuple[Callable[[PosedScene, Path], None], float]] = {
    "llff": (write_llff, 2.0),
    "metashape": (write_metashape, 1e-6),
    "reality capture": (write_reality_capture, 2.0),
    "polycam": (write_polycam, 1e-6),
    "bundle-sdf, object in camera": (write_matrices("ob_in_cam", np.linalg.inv), 2.0),
    "bundle-sdf, camera in object": (write_matrices("poses", lambda pose: pose), 2.0),
}
"""Writer, and how many pixels the layout's cameras may be off: some hold one focal length for all."""


@pytest.mark.parametrize("layout", LAYOUTS)
def test_cameras_photographs_and_masks_are_read(layout, original, tmp_path):
    write, pixels = LAYOUTS[layout]
    write(original, tmp_path)
    found = read_posed_scene(tmp_path)
    assert len(found.views) == 10 and found.has_masks
    for a, b in zip(found.views, original.views, strict=True):
        np.testing.assert_allclose(a.camera_to_world, b.camera_to_world, atol=1e-6)
        np.testing.assert_allclose(a.intrinsics, b.intrinsics, atol=pixels)
        assert a.size == b.size and a.image.read_bytes() == b.image.read_bytes()
        assert a.mask.read_bytes() == b.mask.read_bytes()


def test_lens_of_metashape(original, tmp_path):
    write_metashape(original, tmp_path)
    assert read_posed_scene(tmp_path).views[0].distortion == (0.0, 0.0, 0.0, 0.0, 0.002, 0.001), (
        "p1 and p2 change places"
    )


def test_world_of_metashape_is_the_chunks(original, tmp_path):
    """A chunk that was scaled and placed on a map: a mesh comes out there."""
    world = np.diag([2.0, 2.0, 2.0, 1.0])
    world[:3, 3] = [465123.25, 5248765.5, 512.0]
    parts = " ".join(map(repr, world[:3, 3].tolist()))
    parts = f"<rotation>1 0 0 0 1 0 0 0 1</rotation><translation>{parts}</translation><scale>2</scale>"
    write_metashape(original, tmp_path, f"<transform>{parts}</transform>")
    for a, b in zip(read_posed_scene(tmp_path).views, original.views, strict=True):
        np.testing.assert_allclose(a.camera_to_world[:3, 3], world[:3, :3] @ b.camera_to_world[:3, 3] + world[:3, 3])


def test_other_names_of_files_and_reduced_photographs(original, tmp_path):
    write_metashape(original, tmp_path)
    (tmp_path / "cameras.xml").rename(tmp_path / "export.xml")
    assert len(read_posed_scene(tmp_path).views) == 10
    (tmp_path / "export.xml").unlink()
    write_llff(original, tmp_path)
    (tmp_path / "images").rename(tmp_path / "images_8")
    assert len(read_posed_scene(tmp_path).views) == 10


BROKEN = {
    "rows": (write_llff, lambda f: np.save(f / "poses_bounds.npy", np.zeros((9, 17))), "9 cameras for 10 photographs"),
    "shape": (write_llff, lambda f: np.save(f / "poses_bounds.npy", np.zeros((10, 15))), r"shape \[10, 15\]"),
    "npy": (write_llff, lambda f: (f / "poses_bounds.npy").write_bytes(b"x"), "cannot be read as an npy"),
    "xml": (write_metashape, lambda f: (f / "cameras.xml").write_text("<document>"), "no XML"),
    "chunk": (write_metashape, lambda f: (f / "cameras.xml").write_text("<document/>"), "no <chunk>"),
    "columns": (
        write_reality_capture,
        lambda f: (f / "cameras.csv").write_text("#name,x,y,heading,pitch,roll,f\n0000.png,1,2,3,4,5,6\n"),
        "no column alt",
    ),
    "value": (
        write_reality_capture,
        lambda f: (f / "cameras.csv").write_text("#name,x,y,alt,heading,pitch,roll,f\n0000.png,a,2,3,4,5,6,7\n"),
        "x of 0000.png is 'a'",
    ),
    "camera": (
        write_polycam,
        lambda f: (f / "keyframes" / "corrected_cameras" / "0003.json").write_text('{"fx": 1}'),
        "0003.json has no t_00",
    ),
    "matrix": (
        LAYOUTS["bundle-sdf, camera in object"][0],
        lambda f: (f / "poses" / "0003.txt").write_text("1 2"),
        "0003.txt",
    ),
    "both": (
        LAYOUTS["bundle-sdf, camera in object"][0],
        lambda f: shutil.copytree(f / "poses", f / "ob_in_cam"),
        "poses/.*ob_in_cam.*Move",
    ),
}


@pytest.mark.parametrize("how", BROKEN)
def test_damaged_files_are_named(how, original, tmp_path):
    write, spoil, said = BROKEN[how]
    write(original, tmp_path)
    spoil(tmp_path)
    with pytest.raises(UserError, match=said):
        read_posed_scene(tmp_path)
