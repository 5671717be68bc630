"""Where the shape of an object comes from: a mesh that is known, or a network that looks at the photograph."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.build import build_mesh
from idr_neus_plugins.meshing.finished import FinishedMesh
from idr_neus_plugins.meshing.options import MeshOptions
from idr_neus_plugins.meshing.reading import read_mesh
from idr_neus_plugins.pose.evaluation.symmetry import about_z
from idr_neus_plugins.pose.shape_grid import ShapeGrid, cached
from idr_neus_plugins.single_view.fields.conditioned import Views
from idr_neus_plugins.single_view.fields.versions import MIRROR, all_versions
from idr_neus_plugins.single_view.model import SingleViewModel
from idr_neus_plugins.single_view.reconstruction.predicting import LARGEST, framed, show

RESOLUTION = 80
"""Of predicted meshes."""


class Recognised(NamedTuple):
    """A shape in its object frame."""

    mesh: FinishedMesh
    grid: ShapeGrid
    guesses: Float[Tensor, "guesses 3 3"] | None = None
    """Object-to-camera rotations that somebody holds for likely."""

    @property
    def box(self) -> Float[Tensor, "2 3"]:
        vertices = self.mesh.vertices
        return torch.from_numpy(np.stack([vertices.min(0), vertices.max(0)])).float()


def known(mesh: FinishedMesh) -> Recognised:
    return Recognised(mesh, cached(mesh))


def read_known(path: Path) -> Recognised:
    """Raises UserError for a file without a mesh."""
    return known(read_mesh(path))


def predicted(model: SingleViewModel, image: UInt8[np.ndarray, "h w 4"], name: str = "The image") -> Recognised:
    """What a trained network makes of an image without its camera, with the views that its pose head guesses.

    Raises UserError where the network sees no shape.
    """
    show(model, [framed(model, image, None, LARGEST)])
    try:
        mesh = build_mesh(model, MeshOptions(resolution=RESOLUTION, refine=False), progress=False).mesh
    except UserError as error:
        raise UserError(f"{name}: the network recognises no shape in it ({error})") from error
    return Recognised(mesh, cached(mesh), guessed_rotations(model))


@torch.no_grad()
def guessed_rotations(model: SingleViewModel) -> Float[Tensor, "guesses 3 3"]:
    """Of the pose head under all versions of the shown image that are equally true, and each with front and back
    exchanged, which is what it errs in most."""
    field, geometry = model.geometry.field, model.geometry
    guesses = []
    for views, sign in all_versions(Views(geometry.images, geometry.projections)):
        rotations = field.pose(field.encoder(views.images).code)[:, :, :3]
        # The mirror exchanges left and right of the scene, and of the image.
        mirror = (
            torch.diag(torch.tensor(MIRROR).to(rotations)) if bool((sign < 0).any()) else torch.eye(3).to(rotations)
        )
        guesses.append(mirror @ rotations @ mirror)
    found = torch.cat(guesses).cpu()
    return torch.cat([found, found @ torch.from_numpy(about_z(np.pi)).float()])
