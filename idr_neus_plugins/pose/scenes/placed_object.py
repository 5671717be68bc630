"""Objects that stand on the ground of a world: z up, the ground at z = 0, lengths in metres."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32, UInt8

from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.core.similarity import Similarity
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.frames import to_frame
from idr_neus_plugins.meshing.rendering import MeshRenderer
from idr_neus_plugins.single_view.shapes.categories import category_maker
from idr_neus_plugins.single_view.shapes.foreign import find_meshes, read_shape
from idr_neus_plugins.single_view.shapes.photographs import photograph
from idr_neus_plugins.single_view.shapes.shape import Shape, shape_of

FOCAL, SIZE = 245.0, 224
"""Of the paper's camera: pixels, for images of 224 x 224."""


@dataclass(frozen=True)
class PlacedObject:
    """A normalised shape at its place."""

    shape: Shape
    world_from_object: Float[np.ndarray, "4 4"]
    """A similarity."""

    @cached_property
    def renderer(self) -> MeshRenderer:
        return MeshRenderer(to_frame(self.shape.look, self.world_from_object))

    def photograph(self, camera: Camera) -> UInt8[np.ndarray, "h w 4"]:
        """Under lights that are fixed in the world."""
        return photograph(self.renderer, camera)

    def depths(self, camera: Camera) -> Float32[np.ndarray, "h w"]:
        """Along the optical axis through the pixels' centres, 0 where nothing is."""
        hits = self.renderer.caster.first_hits(camera.centre, camera.rays(camera.pixel_centres()))
        return np.where(hits.met, hits.distances, 0.0).reshape(camera.size).astype(np.float32)

    @property
    def middle(self) -> Float[np.ndarray, " 3"]:
        return self.world_from_object[:3, 3]

    @property
    def size(self) -> float:
        """World units per object unit."""
        return Similarity.of(self.world_from_object).scale


def place_on_ground(shape: Shape, place: tuple[float, float], yaw: float, size: float) -> PlacedObject:
    """With the bottom of its box on the ground at ``place``, turned by ``yaw`` (radians)."""
    cosine, sine = math.cos(yaw), math.sin(yaw)
    matrix = np.eye(4)
    matrix[:3, :3] = size * np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1.0]])
    matrix[:3, 3] = [*place, -size * shape.solid.bounds[0, 2]]
    return PlacedObject(shape, matrix)


def camera_of(camera_to_world: Float[np.ndarray, "4 4"], size: int) -> Camera:
    """The paper's camera for images of ``size`` x ``size`` pixels."""
    focal = FOCAL * size / SIZE
    intrinsics = np.array([[focal, 0.0, size / 2], [0.0, focal, size / 2], [0.0, 0.0, 1.0]])
    return Camera(intrinsics, camera_to_world[:3], (size, size))


def shapes_to_place(
    categories: tuple[str, ...], meshes: Path | None, count: int, rng: np.random.Generator
) -> list[Shape]:
    """``count`` normalised shapes, the categories in turn, or those of a folder of meshes.

    Raises UserError for unknown categories and folders without meshes.
    """
    if meshes is not None:
        paths = [path for paths in find_meshes(meshes).values() for path in paths]
        return [read_shape(paths[index % len(paths)]).normalised() for index in range(count)]
    if not categories:
        raise UserError("Name at least one category.")
    return [shape_of(category_maker(categories[i % len(categories)])(rng)).normalised() for i in range(count)]


def is_whole(image: UInt8[np.ndarray, "h w 4"], margin: int) -> bool:
    """Whether something is seen and keeps a margin of so many pixels to the border."""
    alpha = image[..., 3] > 0
    inner = alpha[margin:-margin, margin:-margin]
    return bool(alpha.any() and alpha.sum() == inner.sum())
