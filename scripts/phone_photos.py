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
import open3d as o3d
import trimesh
import tyro
from PIL import Image

from idr_neus_plugins.core.pinhole import look_at
from idr_neus_plugins.progress import progress_bar

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
        (self.output / "photos").mkdir(parents=True)
        (self.output / "truth").mkdir()
        random = np.random.default_rng(self.seed)
        stage = Stage(
            trimesh.load(self.mesh, force="mesh", process=False), np.asarray(Image.open(self.texture)), random
        )
        intrinsics = np.array(
            [[0.83 * self.width, 0, self.width / 2], [0, 0.83 * self.width, self.height / 2], [0, 0, 1]]
        )
        mats = {}
        with progress_bar() as bar:
            for view in bar.track(range(self.photos), description="Photographs"):
                pose = self._pose(view, random)
                picture = stage.seen(pose, self._rays(intrinsics)).reshape(self.height * 2, self.width * 2, 3)
                picture = cv2.resize(picture, (self.width, self.height), interpolation=cv2.INTER_AREA)
                picture *= math.exp(random.normal(0, self.exposure_jitter))
                picture = 255 * picture.clip(0, 1) ** (1 / 2.2) + random.normal(0, self.noise, picture.shape)
                image = Image.fromarray(picture.round().clip(0, 255).astype(np.uint8))
                image.save(self.output / "photos" / f"IMG_{view:04d}.jpg", quality=93)
                mats[f"world_mat_{view}"] = np.vstack([intrinsics @ np.linalg.inv(pose)[:3], [0, 0, 0, 1]])
        np.savez(self.output / "truth" / "cameras.npz", **mats)
        stage.mesh.export(self.output / "truth" / "surface.ply")

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
        self.mesh, self.texture = mesh, _linear(texture[..., :3])
        self.uv = np.asarray(mesh.visual.uv)
        self.floor = float(mesh.vertices[:, 1].min())
        self.sheet = _print(random)
        self.rays = o3d.t.geometry.RaycastingScene()
        self.rays.add_triangles(mesh.vertices.astype(np.float32), mesh.faces.astype(np.uint32))

    def seen(self, pose: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """Linear light along rays of a camera [rays, 3] float32."""
        origin, directions = pose[:3, 3], directions @ pose[:3, :3].T
        hits = self._cast(np.broadcast_to(origin, directions.shape), directions)
        met = np.isfinite(hits["t_hit"])
        color = np.full(directions.shape, 0.25)
        color[~met] = self._floor_color(origin, directions[~met])
        corners, weights = self.mesh.faces[hits["primitive_ids"][met]], _barycentric(hits["primitive_uvs"][met])
        normals = np.einsum("rc,rcx->rx", weights, self.mesh.vertex_normals[corners])
        albedo = _sample(self.texture, np.einsum("rc,rcx->rx", weights, self.uv[corners]))
        color[met] = albedo * (AMBIENT + (1 - AMBIENT) * (normals @ LIGHT).clip(min=0))[:, None]
        return color.astype(np.float32)

    def _floor_color(self, origin: np.ndarray, directions: np.ndarray) -> np.ndarray:
        down = directions[:, 1] < -1e-3
        color = np.full(directions.shape, 0.25)
        points = origin + (self.floor - origin[1]) / directions[down, 1:2] * directions[down]
        on_sheet = np.abs(points[:, [0, 2]]).max(1) < SHEET_HALF
        printed = np.full(points.shape, 0.25)
        printed[on_sheet] = _sample(self.sheet, points[on_sheet][:, [0, 2]] / (2 * SHEET_HALF) + 0.5)
        shadow = np.isfinite(self._cast(points + 1e-4 * LIGHT, np.broadcast_to(LIGHT, points.shape))["t_hit"])
        color[down] = printed * np.where(shadow, AMBIENT, AMBIENT + (1 - AMBIENT) * LIGHT[1])[:, None]
        return color

    def _cast(self, origins: np.ndarray, directions: np.ndarray) -> dict[str, np.ndarray]:
        hits = self.rays.cast_rays(o3d.core.Tensor(np.concatenate([origins, directions], 1).astype(np.float32)))
        return {name: value.numpy() for name, value in hits.items()}


def _print(random: np.random.Generator) -> np.ndarray:
    """Something like a newspaper: grey patches of all sizes [2048, 2048, 3]."""
    sizes = (8, 32, 128, 512, 2048)
    layers = [cv2.resize(random.random((n, n, 3)), (2048, 2048), interpolation=cv2.INTER_CUBIC) for n in sizes]
    mixed = np.mean(layers, axis=0)
    return (0.45 + 1.6 * (mixed - mixed.mean())).clip(0.03, 0.9)


def _linear(pixels: np.ndarray) -> np.ndarray:
    return (pixels / 255.0) ** 2.2


def _barycentric(uv: np.ndarray) -> np.ndarray:
    return np.c_[1 - uv.sum(1), uv]


def _sample(image: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Bilinear, v upwards."""
    height, width = image.shape[:2]
    x, y = (uv[:, 0] * width - 0.5).astype(np.float32), ((1 - uv[:, 1]) * height - 0.5).astype(np.float32)
    rows = 1 << 14  # OpenCV's limit on the size of maps
    parts = [
        cv2.remap(image.astype(np.float32), x[i : i + rows, None], y[i : i + rows, None], cv2.INTER_LINEAR, None,
                  cv2.BORDER_REPLICATE)[:, 0]
        for i in range(0, len(x), rows)
    ]  # fmt: skip
    return np.concatenate(parts) if parts else np.zeros((0, 3), np.float32)


if __name__ == "__main__":
    tyro.cli(Phone).main()
