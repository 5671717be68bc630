"""Photographs of a mesh as a hand-held phone would take them, with the truth beside them: input for `idr-neus prepare`.

    python scripts/phone_photos.py spot.obj spot_texture.png phone/

writes `phone/photos/*.jpg` (lens distortion, exposures that jitter, noise, no masks, no cameras) and `phone/truth/`:
`surface.ply` and `cameras.npz`, in the world of the mesh, which stands upright along +y on a printed sheet.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import trimesh
import tyro
from PIL import Image

from idr_neus_plugins.core.camera import look_at
from idr_neus_plugins.core.raycasting import RayCaster
from idr_neus_plugins.data.files import image_size, read_pixels
from idr_neus_plugins.errors import UserError, user_errors
from idr_neus_plugins.evaluation.reading import load_mesh
from idr_neus_plugins.meshing.texture.lookup import at_uv
from idr_neus_plugins.progress import progress_bar
from idr_neus_plugins.writing import whole_folder

LIGHT, AMBIENT = np.array([0.4, 0.8, 0.45]) / np.linalg.norm([0.4, 0.8, 0.45]), 0.45
SHEET_HALF = 2.6
"""Half the sheet's side; beyond it there is a grey floor."""


@dataclass
class Phone:
    mesh: tyro.conf.Positional[Path]
    """Triangle mesh with texture coordinates."""
    texture: tyro.conf.Positional[Path]
    output: tyro.conf.Positional[Path]
    """New folder."""
    photos: int = 48
    width: int = 1280
    height: int = 960
    distortion: tuple[float, float] = (-0.08, 0.02)
    """OpenCV's k1 and k2."""
    exposure_jitter: float = 0.06
    """Standard deviation of the logarithm of each photograph's brightness."""
    noise: float = 2.0
    """Standard deviation, of 255."""
    seed: int = 0

    def main(self) -> None:
        """Raises UserError where the mesh or its texture cannot be used, or ``output`` holds anything."""
        random = np.random.default_rng(self.seed)
        texture = read_pixels(self.texture, "RGB", image_size(self.texture), shrink=1.0)
        stage = Stage(_load_textured(self.mesh), texture, random)
        with whole_folder(self.output) as folder:
            (folder / "truth").mkdir()
            np.savez(folder / "truth" / "cameras.npz", **self._photograph(stage, folder / "photos", random))
            stage.mesh.export(folder / "truth" / "surface.ply")

    def _photograph(self, stage: Stage, folder: Path, random: np.random.Generator) -> dict[str, np.ndarray]:
        """Writes the photographs; returns the matrices that lead from the world to their pixels."""
        folder.mkdir()
        focal, middle = 0.83 * self.width, (self.width / 2, self.height / 2)
        intrinsics = np.array([[focal, 0, middle[0]], [0, focal, middle[1]], [0, 0, 1]])
        rays, mats = self._rays(intrinsics), {}
        with progress_bar() as bar:
            for view in bar.track(range(self.photos), description="Photographs"):
                pose = self._pose(view, random)
                self._developed(stage.seen(pose, rays), random).save(folder / f"IMG_{view:04d}.jpg", quality=93)
                mats[f"world_mat_{view}"] = np.vstack([intrinsics @ np.linalg.inv(pose)[:3], [0, 0, 0, 1]])
        return mats

    def _developed(self, light: np.ndarray, random: np.random.Generator) -> Image.Image:
        """Of the light along all rays, in the order of ``_rays``."""
        picture = light.reshape(self.height * 2, self.width * 2, 3)
        picture = cv2.resize(picture, (self.width, self.height), interpolation=cv2.INTER_AREA)
        picture *= math.exp(random.normal(0, self.exposure_jitter))
        picture = 255 * picture.clip(0, 1) ** (1 / 2.2) + random.normal(0, self.noise, picture.shape)
        return Image.fromarray(picture.round().clip(0, 255).astype(np.uint8))

    def _pose(self, view: int, random: np.random.Generator) -> np.ndarray:
        """Camera-to-world, OpenCV axes: three rounds at different heights, aimed a little beside the object."""
        angle = 2 * math.pi * (view / self.photos * 3 + random.normal(0, 0.01))
        elevation = math.radians((18, 38, 60)[view * 3 // self.photos] + random.normal(0, 3))
        distance = random.normal(3.4, 0.15)
        flat = math.cos(elevation)
        centre = distance * np.array([flat * math.cos(angle), math.sin(elevation), flat * math.sin(angle)])
        return look_at(centre, target=random.normal(0, 0.06, 3), up=np.array([0.0, 1.0, 0.0]))

    def _rays(self, intrinsics: np.ndarray) -> np.ndarray:
        """Directions in the camera of 2 x 2 rays per pixel [rays, 3], through the distorting lens."""
        y, x = np.indices((self.height * 2, self.width * 2)).reshape(2, -1) / 2 + 0.25
        lens = np.array([*self.distortion, 0, 0])
        undistorted = cv2.undistortPoints(np.stack([x, y], 1)[:, None], intrinsics, lens)[:, 0]
        return np.c_[undistorted, np.ones(len(undistorted))]


class Stage:
    """The mesh on a printed sheet, lit from one side."""

    def __init__(self, mesh: trimesh.Trimesh, texture: np.ndarray, random: np.random.Generator) -> None:
        self.mesh, self.texture = mesh, _linear(texture)
        self.uv = np.asarray(mesh.visual.uv)
        self.floor = float(mesh.vertices[:, 1].min())
        self.sheet = _print(random)
        self.caster = RayCaster(mesh)

    def seen(self, pose: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """Linear light along rays of a camera [rays, 3] float32."""
        origin, directions = pose[:3, 3], directions @ pose[:3, :3].T
        hits = self.caster.first_hits(origin, directions)
        color = np.empty(directions.shape, np.float32)
        color[~hits.met] = self._floor_color(origin, directions[~hits.met])
        corners, weights = self.mesh.faces[hits.faces[hits.met]], hits.barycentric[hits.met]
        normals = np.einsum("rc,rcx->rx", weights, self.mesh.vertex_normals[corners])
        albedo = at_uv(self.texture, np.einsum("rc,rcx->rx", weights, self.uv[corners]))
        color[hits.met] = albedo * (AMBIENT + (1 - AMBIENT) * (normals @ LIGHT).clip(min=0))[:, None]
        return color

    def _floor_color(self, origin: np.ndarray, directions: np.ndarray) -> np.ndarray:
        down = directions[:, 1] < -1e-3
        color = np.full(directions.shape, 0.25)
        points = origin + (self.floor - origin[1]) / directions[down, 1:2] * directions[down]
        on_sheet = np.abs(points[:, [0, 2]]).max(1) < SHEET_HALF
        printed = np.full(points.shape, 0.25)
        printed[on_sheet] = at_uv(self.sheet, points[on_sheet][:, [0, 2]] / (2 * SHEET_HALF) + 0.5)
        # Twice the mesh's size towards the light is above all of it.
        shadow = self.caster.blocked(points + 1e-4 * LIGHT, points + 2 * self.caster.size * LIGHT)
        color[down] = printed * np.where(shadow, AMBIENT, AMBIENT + (1 - AMBIENT) * LIGHT[1])[:, None]
        return color


def _load_textured(path: Path) -> trimesh.Trimesh:
    mesh = load_mesh(path)
    if getattr(mesh.visual, "uv", None) is None:
        raise UserError(f"{path} has no texture coordinates, so a texture cannot be laid on it.")
    return mesh


def _print(random: np.random.Generator) -> np.ndarray:
    """Something like a newspaper: grey patches of all sizes [2048, 2048, 3]."""
    sizes = (8, 32, 128, 512, 2048)
    layers = [cv2.resize(random.random((n, n, 3)), (2048, 2048), interpolation=cv2.INTER_CUBIC) for n in sizes]
    mixed = np.mean(layers, axis=0)
    return (0.45 + 1.6 * (mixed - mixed.mean())).clip(0.03, 0.9).astype(np.float32)


def _linear(pixels: np.ndarray) -> np.ndarray:
    """Light of 8-bit values, float32 in [0, 1]."""
    return (pixels / np.float32(255.0)) ** 2.2


if __name__ == "__main__":
    with user_errors():
        tyro.cli(Phone).main()
