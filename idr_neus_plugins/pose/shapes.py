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
from idr_neus_plugins.meshing.mesh import Mesh
from idr_neus_plugins.meshing.options import MeshOptions
from idr_neus_plugins.meshing.reading import read_mesh
from idr_neus_plugins.pose.prior import ViewPrior
from idr_neus_plugins.pose.shape_grid import ShapeGrid, cached
from idr_neus_plugins.single_view.fields.conditioned import InputViews
from idr_neus_plugins.single_view.fields.versions import all_versions
from idr_neus_plugins.single_view.fields.viewpoint import seen_in_mirror
from idr_neus_plugins.single_view.model import SingleViewModel
from idr_neus_plugins.single_view.reconstruction.predicting import LARGEST, framed, show

RESOLUTION = 80
"""Of predicted meshes."""


class Recognised(NamedTuple):
    """A shape in its object frame."""

    mesh: Mesh
    grid: ShapeGrid
    prior: ViewPrior | None = None
    """Of its view, where a network has looked at it; the shape is a guess then, too."""

    @property
    def box(self) -> Float[Tensor, "2 3"]:
        vertices = self.mesh.vertices
        return torch.from_numpy(np.stack([vertices.min(0), vertices.max(0)])).float()


def known(mesh: Mesh) -> Recognised:
    return Recognised(mesh, cached(mesh))


def read_known(path: Path) -> Recognised:
    """Raises UserError for a file without a mesh."""
    return known(read_mesh(path))


def predicted(model: SingleViewModel, image: UInt8[np.ndarray, "h w 4"], name: str = "The image") -> Recognised:
    """What a trained network makes of an image without its camera, with the views that it holds for likely.

    Raises UserError where the network sees no shape.
    """
    show(model, [framed(model, image, None, LARGEST)])
    try:
        mesh = build_mesh(model.surface(), MeshOptions(resolution=RESOLUTION, refine=False), progress=False).mesh
    except UserError as error:
        raise UserError(f"{name}: the network recognises no shape in it ({error})") from error
    return Recognised(mesh, cached(mesh), view_prior(model))


@torch.no_grad()
def view_prior(model: SingleViewModel) -> ViewPrior:
    """What the view head says about the shown image: the mean over all versions of it that are equally true."""
    field, geometry = model.geometry.field, model.geometry
    told = []
    for views, sign in all_versions(InputViews(geometry.images, geometry.projections)):
        log_probabilities = field.view(field.encoder(views.images).code)
        told.append(seen_in_mirror(log_probabilities) if bool((sign < 0).any()) else log_probabilities)
    mean = torch.stack(told).exp().mean((0, 1))
    # Networks are too sure of themselves.
    return ViewPrior((0.95 * mean + 0.05 / mean.shape[1]).log()[None].cpu())
