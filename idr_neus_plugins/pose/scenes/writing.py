"""Generated scenes onto disk; the layout is that of ``pose.files``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.pose.files import CAMERA, DEPTHS, IMAGES, MASKS, MESHES, TRUTH
from idr_neus_plugins.pose.scenes.placed_object import PlacedObject, camera_of, is_whole, shapes_to_place
from idr_neus_plugins.pose.scenes.sequence import in_a_row, sweep
from idr_neus_plugins.pose.scenes.single import MARGIN, single_view
from idr_neus_plugins.single_view.shapes.writing import truth_mesh
from idr_neus_plugins.writing import write_json, write_png


@dataclass(frozen=True)
class PoseSceneOptions:
    count: int
    """Objects: one for each photograph, or all in a sequence."""
    frames: int = 0
    """Of a sequence; 0 for single photographs."""
    sweep: float = 90.0
    """Degrees around the objects, in a sequence."""
    categories: tuple[str, ...] = ("chair", "table", "car", "mug", "lamp")
    meshes: Path | None = None
    size: int = 224
    seed: int = 0
    depth: bool = False
    """Whether to write depths beside single photographs."""

    def __post_init__(self) -> None:
        if self.count < 1 or self.frames < 0 or self.size < 32:
            raise UserError("A scene needs an object, 32 pixels, and no negative number of frames.")


def write_single_views(folder: Path, options: PoseSceneOptions, progress: Callable[[], None] = lambda: None) -> None:
    """As many photographs as objects."""
    rng = np.random.default_rng(options.seed)
    rows = []
    for number, shape in enumerate(shapes_to_place(options.categories, options.meshes, options.count, rng)):
        taken = single_view(shape, options.size, rng)
        write_png(taken.image, folder / IMAGES / f"{number:03d}.png")
        if options.depth:
            depths = taken.object.depths(camera_of(taken.camera_to_world, options.size))
            (folder / DEPTHS).mkdir(exist_ok=True)
            np.save(folder / DEPTHS / f"{number:03d}.npy", depths)
        mesh = _write_mesh(folder, number, taken.object)
        rows.append(_row(taken.camera_to_world, [taken.object], [mesh]))
        progress()
    _write_camera(folder, options.size, rows)
    write_json(folder / TRUTH, {"frames": rows})


def write_sequence(folder: Path, options: PoseSceneOptions, progress: Callable[[], None] = lambda: None) -> None:
    """The same objects in every frame, with a mask of each. Raises UserError where one is hidden or cut off."""
    rng = np.random.default_rng(options.seed)
    objects = in_a_row(shapes_to_place(options.categories, options.meshes, options.count, rng), rng)
    meshes = [_write_mesh(folder, number, each) for number, each in enumerate(objects)]
    poses, rows = sweep(objects, options.frames, options.sweep), []
    for number, pose in enumerate(poses):
        pictures = [each.photograph(camera_of(pose, options.size)) for each in objects]
        _refuse_hidden(pictures, number)
        write_png(np.max(pictures, axis=0), folder / IMAGES / f"{number:03d}.png")
        for place, picture in enumerate(pictures):
            write_png(picture[..., 3], folder / MASKS / f"object_{place}" / f"{number:03d}.png")
        rows.append(_row(pose, objects, meshes))
        progress()
    _write_camera(folder, options.size, rows)
    write_json(folder / TRUTH, {"frames": rows})


def _refuse_hidden(pictures: list[UInt8[np.ndarray, "h w 4"]], frame: int) -> None:
    if (
        any(not is_whole(picture, MARGIN) for picture in pictures)
        or (np.sum([p[..., 3] > 0 for p in pictures], 0) > 1).any()
    ):
        raise UserError(
            f"In frame {frame} an object is cut off or hides another. Use fewer objects, or another --seed."
        )


def _write_mesh(folder: Path, number: int, placed: PlacedObject) -> str:
    name = f"{MESHES}/{number:03d}.ply"
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    truth_mesh(placed.shape).export(folder / name)
    return name


def _row(camera_to_world: Float[np.ndarray, "4 4"], objects: list[PlacedObject], meshes: list[str]) -> dict:
    from_world = np.linalg.inv(camera_to_world)
    return {
        "camera_to_world": camera_to_world.tolist(),
        "objects": [
            {"mesh": mesh, "object_to_camera": (from_world @ each.world_from_object).tolist()}
            for each, mesh in zip(objects, meshes, strict=True)
        ],
    }


def _write_camera(folder: Path, size: int, rows: list[dict]) -> None:
    intrinsics = camera_of(np.eye(4), size).intrinsics
    camera = {"fl_x": intrinsics[0, 0], "fl_y": intrinsics[1, 1], "cx": size / 2, "cy": size / 2, "w": size, "h": size}
    # Up is z in the world.
    ground = {
        "camera_height": [row["camera_to_world"][2][3] for row in rows],
        "camera_up": [row["camera_to_world"][2][:3] for row in rows],
    }
    write_json(folder / CAMERA, camera | ground)
