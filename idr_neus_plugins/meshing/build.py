"""From a field to a finished mesh: the order of the steps, and what the user is told about them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from idr_neus_plugins.core.camera import cameras_of
from idr_neus_plugins.core.raycasting import RayCaster
from idr_neus_plugins.core.similarity import Similarity
from idr_neus_plugins.core.surface import Surface
from idr_neus_plugins.core.views import Views
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.clean import drop_degenerate, large_components, select_faces
from idr_neus_plugins.meshing.colors import vertex_colors
from idr_neus_plugins.meshing.crop import CropSolid, cut, region_within
from idr_neus_plugins.meshing.extract import extract_mesh
from idr_neus_plugins.meshing.hull import SilhouetteHull
from idr_neus_plugins.meshing.mesh import Mesh
from idr_neus_plugins.meshing.options import MeshOptions
from idr_neus_plugins.meshing.refine import refine_vertices
from idr_neus_plugins.meshing.sample_lattice import SDF
from idr_neus_plugins.meshing.simplify import deviation, simplify
from idr_neus_plugins.meshing.texture.bake import bake
from idr_neus_plugins.meshing.texture.field_colors import FieldColors
from idr_neus_plugins.meshing.visibility import faces_seen, visibility

if TYPE_CHECKING:
    import trimesh


@dataclass(frozen=True)
class Built:
    mesh: Mesh
    """Scene frame."""
    report: dict[str, Any]
    """What was measured on the way, for the record beside the file: ``vertices``, ``faces``, ``watertight``, ...;
    lengths in world units."""


def build_mesh(
    surface: Surface,
    options: MeshOptions,
    views: Views | None = None,
    crop: CropSolid | None = None,
    paint: bool = True,
    progress: bool = True,
) -> Built:
    """The mesh that ``options`` describe.

    Args:
        views: the training photographs, where ``options.needs_views``.
        crop: a part to cut out, scene units, instead of the one in the options.
        paint: ask for colours; a surface without them is left bare.

    Raises:
        UserError: no surface, options that exclude each other, or views that are needed and missing.
    """
    options.check()
    if options.needs_views and views is None:
        raise UserError("Visibility, hull, photographed textures and view dependence need the training views.")
    world_from_scene = Similarity.of(surface.world_from_scene.detach().cpu().double().numpy())
    crop = crop or options.crop_solid(world_from_scene.inverse())
    sdf, cell, shape = _extract(surface, options, views, crop, progress)
    shape = large_components(shape, options.smallest_piece)
    report: dict[str, Any] = {"refined": options.refine}
    if options.refine:
        vertices = refine_vertices(shape.vertices, shape.faces, sdf, surface.normals, cell, surface.region.device)
        shape = _shape(vertices, shape.faces)
    shape, error = _simplified(shape, options.face_budget, world_from_scene.scale)
    report |= error
    mesh = Mesh(shape.vertices, shape.faces, field_normals(surface, sdf, shape, cell))
    mesh = _with_visibility(mesh, options, views, progress)
    report |= {"watertight": bool(mesh.shape.is_watertight)}
    told: dict[str, Any] = {}
    if paint:
        mesh, told = _painted(surface, mesh, options, views, (sdf, cell), progress)
    return Built(mesh, report | told | {"vertices": len(mesh.vertices), "faces": len(mesh.faces)})


def _extract(
    surface: Surface, options: MeshOptions, views: Views | None, crop: CropSolid | None, progress: bool
) -> tuple[SDF, float, trimesh.Trimesh]:
    """The field with its cuts, the side of a cell, and the raw mesh."""
    region = surface.region if crop is None else region_within(surface.region, crop)
    cuts: list[CropSolid] = [crop] if crop is not None and options.close_border else []
    if options.hull and views is not None:
        cuts.append(SilhouetteHull(views))
    sdf = cut(surface.sdf, *cuts)
    shape = extract_mesh(sdf, region, options.resolution, close_border=options.close_border, progress=progress)
    shape = drop_degenerate(shape)
    if crop is not None and not options.close_border:
        inside = (crop.sdf(torch.from_numpy(shape.vertices).float()) <= 0).numpy()
        shape = select_faces(shape, inside[shape.faces].all(1))
    return sdf, float((region[1] - region[0]).max()) / (options.resolution - 1), shape


def _simplified(shape: trimesh.Trimesh, faces: int | None, scale: float) -> tuple[trimesh.Trimesh, dict[str, Any]]:
    if faces is None or len(shape.faces) <= faces:
        return shape, {}
    fewer = simplify(shape, faces)
    error = deviation(shape, fewer)
    return fewer, {
        "simplified_from": len(shape.faces),
        "error_mean": error.mean * scale,
        "error_max": error.largest * scale,
    }


def field_normals(surface: Surface, sdf: SDF, shape: trimesh.Trimesh, cell: float) -> np.ndarray:
    """Unit normals [n, 3] of the field at the vertices; of the faces where a cap and not the field ends the solid."""
    normals = np.array(shape.vertex_normals)
    device = surface.region.device
    for part in np.array_split(np.arange(len(normals)), len(normals) // 65536 + 1):
        positions = torch.from_numpy(shape.vertices[part].astype(np.float32)).to(device)
        on_field = (surface.sdf(positions).abs() <= cell).cpu().numpy()
        of_field = surface.normals(positions).cpu().double().numpy()
        agrees = on_field & (np.einsum("ij,ij->i", of_field, normals[part]) > 0)
        normals[part[agrees]] = of_field[agrees]
    return normals


def _with_visibility(mesh: Mesh, options: MeshOptions, views: Views | None, progress: bool) -> Mesh:
    if views is None or not (options.visibility or options.unseen == "trim"):
        return mesh
    sight = visibility(RayCaster(mesh.shape), mesh.vertices, mesh.normals, cameras_of(views), progress=progress)
    mesh = replace(mesh, attributes=mesh.attributes | {"views": sight.views, "confidence": sight.confidence})
    if options.unseen == "keep":
        return mesh
    seen = faces_seen(mesh.faces, sight.views)
    if not seen.any():
        raise UserError("No training view sees any face of the mesh: the cameras do not belong to it.")
    return mesh.only(seen)


def _painted(
    surface: Surface,
    mesh: Mesh,
    options: MeshOptions,
    views: Views | None,
    field: tuple[SDF, float],
    progress: bool,
) -> tuple[Mesh, dict[str, Any]]:
    """The mesh with colours at its vertices or with a texture, and what there is to tell about that."""
    if options.texture == "none":
        colors = vertex_colors(surface.colors, mesh.vertices, surface.region.device, progress=progress)
        return replace(mesh, colors=colors), {}
    sdf, cell = field
    return bake(mesh, FieldColors(surface, sdf, 2 * cell, progress), options, views, progress)


def _shape(vertices: np.ndarray, faces: np.ndarray) -> trimesh.Trimesh:
    import trimesh

    return trimesh.Trimesh(vertices, faces, process=False)
