"""What a user may ask of a mesh; ``ns-export mesh`` and the viewer's export button offer the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from idr_neus_plugins.core.similarity import Similarity
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.crop import Box, CropSolid, Sphere, box_around, read_cloud

TEXTURED_FACES = 100_000
"""Faces of a textured mesh unless a number is given: unwrapping takes longer than all the rest beyond that."""


@dataclass(kw_only=True)
class MeshOptions:
    """From the zero set to the finished mesh. Positions and lengths are in world units."""

    resolution: int = 512
    """Samples along the longest side of the region, or of the part that is cut out of it; any number."""
    close_border: bool = True
    """Close the mesh with a cap where the solid leaves the region or the crop, instead of leaving it open there."""
    crop_box: tuple[float, float, float, float, float, float] | None = None
    """Keep only what lies in this box: two opposite corners, x y z x y z."""
    crop_sphere: tuple[float, float, float, float] | None = None
    """Keep only what lies in this sphere: centre and radius, x y z r."""
    crop_points: Path | None = None
    """Keep only what lies in the box around these points, with a margin (a cleaned point cloud: PLY, or npz with
    `xyz`)."""
    hull: bool = False
    """Cut away what the masks deny: everything outside of the visual hull. Needs masks."""
    smallest_piece: float = 1.0
    """Keep the pieces whose area is at least this share of the largest one's. 1: the largest alone; 0: all."""
    refine: bool = True
    """Move the vertices onto the exact zero set of the field."""
    faces: int | None = None
    """Simplify to this many faces and tell the error. A textured mesh has 100,000 unless this says otherwise."""
    visibility: bool = False
    """Count the training views that see each vertex and rate the confidence; kept as vertex attributes."""
    unseen: Literal["keep", "trim"] = "keep"
    """trim: leave out the faces that no training view sees; the mesh is then open."""
    texture: Literal["none", "field", "photographs"] = "none"
    """A picture instead of colours at vertices: from the colour field seen along the normal, or blended from the
    training photographs. Needs --format glb or obj."""
    texture_size: int = 2048
    """Width and height of the picture, pixels."""
    view_dependence: Literal[0, 1, 2, 3] = 0
    """Degree of the spherical harmonics by which a texture's colours change with the viewing direction, kept in files
    beside the mesh. 0: they do not change."""

    @property
    def needs_views(self) -> bool:
        """Whether the photographs or their cameras are asked for."""
        asked = self.hull or self.visibility or self.unseen == "trim"
        return asked or self.texture == "photographs" or self.view_dependence > 0

    @property
    def face_budget(self) -> int | None:
        return TEXTURED_FACES if self.faces is None and self.texture != "none" else self.faces

    def check(self) -> None:
        """Raises UserError for what cannot be done, before any work is."""
        crops = [name for name in ("crop_box", "crop_sphere", "crop_points") if getattr(self, name) is not None]
        if len(crops) > 1:
            raise UserError(f"Only one crop at a time, not {' and '.join(crops)}.")
        if not 0 <= self.smallest_piece <= 1:
            raise UserError(f"--smallest-piece is a share between 0 and 1, not {self.smallest_piece}.")
        if self.texture_size < 16:
            raise UserError(f"A texture of {self.texture_size} pixels is too small; 2048 is usual.")
        if self.view_dependence and self.texture == "none":
            raise UserError("--view-dependence changes a texture: ask for --texture field or photographs.")

    def crop_solid(self, scene_from_world: Similarity) -> CropSolid | None:
        """The crop in scene units, if one is asked for."""
        if self.crop_box is not None:
            return Box.between(np.reshape(self.crop_box, (2, 3))).moved(scene_from_world)
        if self.crop_sphere is not None:
            return Sphere(np.array(self.crop_sphere[:3]), self.crop_sphere[3]).moved(scene_from_world)
        if self.crop_points is not None:
            return box_around(read_cloud(self.crop_points)).moved(scene_from_world)
        return None
