"""A set of shapes onto disk; the layout is that of ``data.shape_set``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.rendering import MeshRenderer
from idr_neus_plugins.single_view.data.shape_set import IMAGES, MESH, RECORD, SAMPLES, Split
from idr_neus_plugins.single_view.shapes.categories import category_maker
from idr_neus_plugins.single_view.shapes.foreign import find_meshes, read_shape
from idr_neus_plugins.single_view.shapes.photographs import photograph, random_camera
from idr_neus_plugins.single_view.shapes.samples import occupancy, sdf_samples, surface_samples
from idr_neus_plugins.single_view.shapes.shape import Shape, shape_of
from idr_neus_plugins.writing import encode_png

if TYPE_CHECKING:
    import trimesh

PhotographedView = tuple[Camera, np.ndarray]
"""A camera and its image, RGBA with straight alpha [h, w, 4] uint8."""


@dataclass(frozen=True)
class ShapeSetOptions:
    categories: tuple[str, ...]
    count: int
    """Shapes of each procedural category."""
    views: int
    size: int
    """Width and height of the images."""
    points: int
    """Points with a signed distance, and half as many on the surface."""
    test_share: float
    seed: int
    meshes: Path | None = None
    """A folder of meshes instead of the procedural categories."""

    def __post_init__(self) -> None:
        if min(self.count, self.views) < 1 or self.size < 16 or self.points < 64 or not 0 <= self.test_share < 1:
            raise UserError("A set needs a shape and a view at least, 16 pixels, 64 points, and a test share below 1.")


@dataclass(frozen=True)
class Job:
    """One shape to be made: all of it follows from this, in any order and any process."""

    name: str
    category: str
    split: Split
    seed: tuple[int, ...]
    mesh: Path | None


def split_by_share(count: int, test_share: float) -> list[Split]:
    """The last of ``count`` shapes are for testing, the few before them for validation."""
    tests = round(test_share * count)
    validation = min(tests, max(1, tests // 4)) if tests else 0
    parts: tuple[tuple[Split, int], ...] = (("train", count - tests - validation), ("val", validation), ("test", tests))
    return [split for split, size in parts for _ in range(size)]


def plan(options: ShapeSetOptions) -> list[Job]:
    """All shapes of a set. The split is by shape: the last ones of every category are its test shapes, the few before
    them for validation. Raises UserError for unknown categories and folders without meshes."""
    if options.meshes is not None:
        sources = {name: list(paths) for name, paths in find_meshes(options.meshes).items()}
    else:
        sources = {name: [None] * options.count for name in options.categories if category_maker(name)}
    jobs = []
    for place, (category, meshes) in enumerate(sources.items()):
        splits = split_by_share(len(meshes), options.test_share)
        for index, (mesh, split) in enumerate(zip(meshes, splits, strict=True)):
            jobs.append(Job(f"{category}/{index:04d}", category, split, (options.seed, place, index), mesh))
    return jobs


def write_shape(folder: Path, job: Job, options: ShapeSetOptions) -> None:
    """Photographs, samples and truth of one shape into ``folder``/<its name>."""
    rng = np.random.default_rng(job.seed)
    shape = (shape_of(category_maker(job.category)(rng)) if job.mesh is None else read_shape(job.mesh)).normalised()
    cameras = [random_camera(rng, options.size) for _ in range(options.views)]
    renderer = MeshRenderer(shape.look)
    views = [(camera, photograph(renderer, camera)) for camera in cameras]
    write_samples(folder / job.name, shape, views, options.points, rng)


def write_samples(
    target: Path, shape: Shape, views: Sequence[PhotographedView], points: int, rng: np.random.Generator
) -> None:
    """The folder of a normalised shape: ``views``, samples (``points``, and half as many on its surface), truth."""
    (target / IMAGES).mkdir(parents=True)
    for number, (_, image) in enumerate(views):
        (target / IMAGES / f"{number:03d}.png").write_bytes(encode_png(image))
    np.savez_compressed(target / SAMPLES, **_arrays(shape, [camera for camera, _ in views], points, rng))
    truth_mesh(shape).export(target / MESH)


def write_record(folder: Path, jobs: list[Job], options: ShapeSetOptions) -> None:
    rows = [{"name": job.name, "category": job.category, "split": job.split} for job in jobs]
    write_rows(folder, rows, {"made_by": "idr-neus make-shapes", "options": asdict(options)})


def write_rows(folder: Path, rows: list[dict[str, str]], made: dict[str, Any]) -> None:
    """``shapes.json``: the rows of ``data.shape_set``, and how the set was ``made``."""
    record = {**made, "version": 1, "shapes": rows}
    (folder / RECORD).write_text(json.dumps(record, indent=1, default=str) + "\n")


def _arrays(shape: Shape, cameras: list[Camera], points: int, rng: np.random.Generator) -> dict[str, Any]:
    positions, sdf = sdf_samples(shape, points, rng)
    surface, colors = surface_samples(shape, points // 2, rng)
    return {
        "intrinsics": np.stack([camera.intrinsics for camera in cameras]).astype(np.float32),
        "camera_to_scene": np.stack([camera.camera_to_scene for camera in cameras]).astype(np.float32),
        "points": positions,
        "sdf": sdf,
        "surface": surface,
        "colors": colors,
        "occupancy": np.packbits(occupancy(shape)),
    }


def truth_mesh(shape: Shape) -> trimesh.Trimesh:
    """The solid with the colours of the look at its vertices."""
    import trimesh

    solid = shape.solid
    return trimesh.Trimesh(solid.vertices, solid.faces, vertex_colors=shape.colors(solid.vertices), process=False)
