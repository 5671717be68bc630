"""The sample scene with exactly one thing wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter
from scipy.spatial.transform import Rotation

from idr_neus_plugins.core.camera import look_at
from idr_neus_plugins.data.doctor.examination import Examination
from idr_neus_plugins.data.formats import corrections
from idr_neus_plugins.data.formats.scene import PosedScene, View, camera_in_world
from idr_neus_plugins.data.region import sphere_to_matrix
from idr_neus_plugins.data.sample_camera import photograph
from idr_neus_plugins.data.sample_scene import WORLD_FROM_SCENE
from idr_neus_plugins.data.solids import solid_named

CENTRE, RADIUS = (35.2, -21.8, 610.4), 137.5
PAIRS = 24


def sound_scene(folder: Path) -> PosedScene:
    """Twelve views of the sample solid, from three heights, near enough to each other to share points."""
    matrix, size = np.array([[300.0, 0, 102.0], [0, 300.0, 99.0], [0, 0, 1]]), 200
    views = []
    for number in range(12):
        pose = _looking_in(angle=0.22 * (number % 4), height=0.25 * (number // 4), roll=0.3 * (number % 3 - 1))
        picture, coverage = photograph(solid_named("jug"), matrix, pose, size, background=False)
        image, mask = folder / f"{number:06d}.png", folder / f"{number:03d}_mask.png"
        Image.fromarray(picture).save(image)
        Image.fromarray(coverage).save(mask)
        views.append(View(image, mask, (size, size), matrix, camera_in_world(pose, WORLD_FROM_SCENE)))
    return PosedScene(tuple(views), WORLD_FROM_SCENE)


def _looking_in(angle: float, height: float, roll: float) -> np.ndarray:
    backward = np.array([np.cos(angle), np.sin(angle), height])
    pose = look_at(3.0 * backward / np.linalg.norm(backward), target=np.zeros(3), up=np.array([0.0, 0.0, 1.0]))
    pose[:3, :3] @= Rotation.from_euler("z", roll).as_matrix()
    return pose


def examination(scene: PosedScene) -> Examination:
    return Examination(scene, "scene", PAIRS)


def repaint(scene: PosedScene, view: int, folder: Path, change: Callable[[Image.Image], Image.Image]) -> PosedScene:
    """One photograph is changed."""
    path = folder / scene.views[view].image.name
    change(Image.open(scene.views[view].image)).save(path)
    return with_view(scene, view, image=path)


def redraw_mask(scene: PosedScene, view: int, folder: Path, change: Callable[[np.ndarray], np.ndarray]) -> PosedScene:
    path = folder / scene.views[view].mask.name
    Image.fromarray(change(np.array(Image.open(scene.views[view].mask)))).save(path)
    return with_view(scene, view, mask=path)


def with_view(scene: PosedScene, number: int, **changes) -> PosedScene:
    views = list(scene.views)
    views[number] = replace(views[number], **changes)
    return replace(scene, views=tuple(views))


def inverted_masks(scene: PosedScene, folder: Path) -> PosedScene:
    for view in range(len(scene.views)):
        scene = redraw_mask(scene, view, folder, lambda mask: 255 - mask)
    return scene


def white_masks(scene: PosedScene, folder: Path) -> PosedScene:
    for view in range(len(scene.views)):
        scene = redraw_mask(scene, view, folder, lambda mask: np.full_like(mask, 255))
    return scene


def empty_mask(scene: PosedScene, folder: Path) -> PosedScene:
    return redraw_mask(scene, 5, folder, np.zeros_like)


def shifted_mask(scene: PosedScene, folder: Path) -> PosedScene:
    return redraw_mask(scene, 5, folder, lambda mask: np.roll(mask, mask.shape[1] // 3, axis=1))


def turned_camera(scene: PosedScene, folder: Path) -> PosedScene:
    return with_view(scene, 5, camera_to_world=scene.views[5].camera_to_world @ np.diag([-1.0, 1.0, -1.0, 1.0]))


def small_region(scene: PosedScene, folder: Path) -> PosedScene:
    return corrections.set_region(scene, (*CENTRE, 0.55 * RADIUS))


def large_region(scene: PosedScene, folder: Path) -> PosedScene:
    return corrections.set_region(scene, (*CENTRE, 2.7 * RADIUS))


def region_with_cameras(scene: PosedScene, folder: Path) -> PosedScene:
    return replace(corrections.drop_masks(scene), world_from_scene=sphere_to_matrix((*CENTRE, 3.0 * RADIUS)))


def world_far_away(scene: PosedScene, folder: Path) -> PosedScene:
    offset = np.eye(4)
    offset[:3, 3] = [4e6, 5e6, 100.0]
    moved = tuple(replace(view, camera_to_world=offset @ view.camera_to_world) for view in scene.views)
    return replace(scene, views=moved, world_from_scene=offset @ scene.world_from_scene)


def flipped_axes(scene: PosedScene, folder: Path) -> PosedScene:
    """All look away, too, so the region is told by nothing but the photographs."""
    return corrections.flip_axes(scene)


def noisy_cameras(scene: PosedScene, folder: Path) -> PosedScene:
    noise = np.random.default_rng(0).normal(size=(len(scene.views), 3))
    turns = Rotation.from_rotvec(np.radians(2.0) * noise / np.linalg.norm(noise, axis=1, keepdims=True)).as_matrix()
    for number, view in enumerate(scene.views):
        pose = view.camera_to_world.copy()
        pose[:3, :3] = turns[number] @ pose[:3, :3]
        scene = with_view(scene, number, camera_to_world=pose)
    return scene


def half_pixel(scene: PosedScene, folder: Path) -> PosedScene:
    return corrections.shift_principal_points(scene, (-0.5, -0.5))


def dark_view(scene: PosedScene, folder: Path) -> PosedScene:
    return repaint(scene, 5, folder, lambda image: image.point(lambda value: round(0.5 * value)))


def blurred_view(scene: PosedScene, folder: Path) -> PosedScene:
    return repaint(scene, 5, folder, lambda image: image.filter(ImageFilter.GaussianBlur(2.5)))


def doubled_view(scene: PosedScene, folder: Path) -> PosedScene:
    """Photograph 5 is there again as photograph 6, with the camera of 5."""
    doubled = repaint(scene, 6, folder, lambda image: Image.open(scene.views[5].image))
    return with_view(doubled, 6, mask=scene.views[5].mask, camera_to_world=scene.views[5].camera_to_world)


def missing_photograph(scene: PosedScene, folder: Path) -> PosedScene:
    return corrections.drop_views(scene, [5])


def same_camera(scene: PosedScene, folder: Path) -> PosedScene:
    """Photograph 6 has got the camera of photograph 5."""
    return with_view(scene, 6, camera_to_world=scene.views[5].camera_to_world)


def text_order(scene: PosedScene, folder: Path) -> PosedScene:
    """Photographs 0.png … 11.png, without masks, with cameras in the order 0, 1, 10, 11, 2, …"""
    for number, view in enumerate(scene.views):
        Image.open(view.image).save(folder / f"{number}.png")
    cameras = [scene.views[number].camera_to_world for number in sorted(range(len(scene.views)), key=str)]
    views = enumerate(zip(scene.views, cameras, strict=True))
    moved = (replace(view, image=folder / f"{i}.png", mask=None, camera_to_world=pose) for i, (view, pose) in views)
    return replace(scene, views=tuple(moved))
