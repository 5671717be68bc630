"""The sample scene on disk: photographs, masks, cameras in the IDR/NeuS layout and the exact surface."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image

from idr_neus_plugins.data.projection import world_mat
from idr_neus_plugins.data.sample_camera import cameras_around, photograph
from idr_neus_plugins.data.solids import solid_named
from idr_neus_plugins.data.solids.solid import Solid
from idr_neus_plugins.errors import UserError

WORLD_FROM_SCENE = np.array(
    [[137.5, 0.0, 0.0, 35.2], [0.0, 137.5, 0.0, -21.8], [0.0, 0.0, 137.5, 610.4], [0.0, 0.0, 0.0, 1.0]]
)
"""``scale_mat``: the world is in mm, with its origin away from the object."""

RECORD = "sample_scene.json"
"""Tells that a folder was written here, and with which options."""

CAMERA_FILES = ("cameras_sphere.npz", "cameras.npz")
NOISY_CAMERA_FILE, SURFACE = "cameras_linear_init.npz", "surface.ply"
CONTENTS = {"image", "mask", *CAMERA_FILES, NOISY_CAMERA_FILE, SURFACE, RECORD}


@dataclass(frozen=True)
class SampleSceneOptions:
    solid: str = "jug"
    """One of ``solid_names()``."""
    views: int = 48
    size: int = 400
    """Width and height of the images."""
    masks: bool = True
    background: bool = False
    pose_noise: tuple[float, float] | None = None
    """(degrees, mm) by which each pose of cameras_linear_init.npz is off."""
    mesh_resolution: int | None = None
    """Samples per axis from which the exact surface's triangles are made; its vertices are exact. The solid's own where
    it is None."""

    def __post_init__(self):
        solid_named(self.solid)
        if self.views < 2 or self.size < 8:
            raise UserError(f"A scene of {self.views} views with {self.size} pixels is too small; try 10 views of 64.")


def write_sample_scene(
    folder: Path, options: SampleSceneOptions, progress: Callable[[int], None] = lambda view: None
) -> bool:
    """Writes the scene; the same options give the same files. False where they are already there.

    The folder appears complete or not at all. A scene written with other options is replaced.
    Raises UserError where the folder holds anything else.
    """
    record = {"made_by": "idr-neus sample-scene", "version": 1, **json.loads(json.dumps(asdict(options)))}
    previous = _read_record(folder)
    if previous == record:
        return False
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        _write(partial, options, progress)
        (partial / RECORD).write_text(json.dumps(record, indent=2) + "\n")
        partial.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return True


def _read_record(folder: Path) -> dict | None:
    """What an earlier call wrote here; None where nothing is."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return None
    try:
        record = json.loads((folder / RECORD).read_text())
    except (OSError, ValueError):
        raise UserError(f"{folder} exists and is no sample scene. Name a new folder, or remove this one.") from None
    added = sorted(path.name for path in folder.iterdir() if path.name not in CONTENTS)
    if added:
        raise UserError(f"{folder} holds a sample scene and also {', '.join(added)}. Name a new folder, or move those.")
    return record


def _write(folder: Path, options: SampleSceneOptions, progress: Callable[[int], None]) -> None:
    (folder / "image").mkdir()
    if options.masks:
        (folder / "mask").mkdir()
    solid = solid_named(options.solid)
    intrinsics, poses = cameras_around(options.views, options.size, lowest_deg=8.0 if options.background else -40.0)

    def write_view(view: int) -> None:
        picture, coverage = photograph(solid, intrinsics, poses[view], options.size, options.background)
        Image.fromarray(picture).save(folder / "image" / f"{view:06d}.png")
        if options.masks:
            Image.fromarray(coverage).save(folder / "mask" / f"{view:03d}.png")
        progress(view)

    with _single_threaded_torch() as threads, ThreadPoolExecutor(threads) as pool:
        surface = pool.submit(exact_surface, solid, options.mesh_resolution or solid.samples)
        list(pool.map(write_view, range(options.views)))
        surface.result().export(folder / SURFACE)
    for name in CAMERA_FILES:
        _save_cameras(folder / name, intrinsics, poses)
    if options.pose_noise is not None:
        _save_cameras(folder / NOISY_CAMERA_FILE, intrinsics, disturb_poses(poses, *options.pose_noise))


@contextmanager
def _single_threaded_torch() -> Iterator[int]:
    """One thread per view is far faster than torch's threads inside operations as small as these. Yields how many."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield threads
    finally:
        torch.set_num_threads(threads)


def _save_cameras(path: Path, intrinsics: Float[np.ndarray, "3 3"], poses: Float[np.ndarray, "views 4 4"]) -> None:
    """world_mat_i and scale_mat_i as IDR and NeuS write them: pixel centres on integers, single precision."""
    matrices = {}
    for view, pose in enumerate(poses):
        matrices[f"world_mat_{view}"] = world_mat(intrinsics, pose, WORLD_FROM_SCENE).astype(np.float32)
        matrices[f"scale_mat_{view}"] = WORLD_FROM_SCENE.astype(np.float32)
    np.savez(path, **matrices)


def disturb_poses(poses: Float[np.ndarray, "views 4 4"], degrees: float, mm: float) -> Float[np.ndarray, "views 4 4"]:
    """Each camera turned by ``degrees`` about a random axis and moved by ``mm`` in a random direction."""
    from scipy.spatial.transform import Rotation

    directions = np.random.default_rng(11).normal(size=(2, len(poses), 3))
    axes, shifts = directions / np.linalg.norm(directions, axis=-1, keepdims=True)
    disturbed = poses.copy()
    disturbed[:, :3, :3] = Rotation.from_rotvec(axes * np.radians(degrees)).as_matrix() @ poses[:, :3, :3]
    disturbed[:, :3, 3] += shifts * mm / WORLD_FROM_SCENE[0, 0]
    return disturbed


@torch.no_grad()
def exact_surface(solid: Solid, resolution: int):
    """The surface as a ``trimesh.Trimesh``, mm in the world: vertices on the zero set, coloured with the paint."""
    import trimesh
    from skimage.measure import marching_cubes

    axis = torch.linspace(-solid.bound, solid.bound, resolution)
    slabs = [solid.sdf(torch.cartesian_prod(axis[i : i + 1], axis, axis)) for i in range(resolution)]
    grid = torch.stack(slabs).view(resolution, resolution, resolution).numpy()
    vertices, faces, _, _ = marching_cubes(grid, 0.0)
    points = torch.from_numpy(vertices / (resolution - 1) * 2 * solid.bound - solid.bound).double()
    for _ in range(6):
        slopes = solid.gradients(points, step=1e-5)
        points = points - solid.sdf(points)[:, None] * slopes / (slopes**2).sum(1, keepdim=True)
    colors = (solid.paint(points.float()) * 255).to(torch.uint8).numpy()
    world = points.numpy() * WORLD_FROM_SCENE[0, 0] + WORLD_FROM_SCENE[:3, 3]
    return trimesh.Trimesh(world, faces, vertex_colors=colors, process=False)
