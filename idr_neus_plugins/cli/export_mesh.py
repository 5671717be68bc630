"""``ns-export mesh``: the surface of a run as a mesh file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import tyro

from idr_neus_plugins.errors import user_errors
from idr_neus_plugins.meshing.frames import Frame, MeshFormat

if TYPE_CHECKING:
    from idr_neus_plugins.models.surface_model import SurfaceModel


@dataclass
class ExportMesh:
    """Export the surface itself (marching cubes on the signed distance) with vertex colours, in world units."""

    load_config: Path
    """Path to the config YAML file."""
    output_dir: Path
    """Path to the output directory: mesh.<format>, and mesh.json with the frame and its matrix."""
    resolution: int = 512
    """Samples along the longest side of the region; any number."""
    format: MeshFormat = "ply"
    """File format."""
    frame: Frame = "world"
    """world: the frame and units of the input cameras (mm for DTU). scene: normalised, region = unit sphere."""
    all_components: bool = False
    """Keep every piece, not only the one with the largest area."""
    close_border: bool = True
    """Close the mesh with a flat cap where the solid leaves the region, instead of leaving it open there."""

    def main(self) -> None:
        """Exports the mesh."""
        with user_errors():
            self.export()

    def export(self) -> Path:
        """Writes the mesh and its record; returns the mesh's path. Raises UserError on bad input."""
        from rich.console import Console
        from trimesh.visual import ColorVisuals

        from idr_neus_plugins.cli.runs import load_run
        from idr_neus_plugins.meshing.clean import drop_degenerate, largest_component
        from idr_neus_plugins.meshing.colors import vertex_colors
        from idr_neus_plugins.meshing.extract import extract_mesh
        from idr_neus_plugins.meshing.frames import frame_record, to_frame, write_mesh
        from idr_neus_plugins.writing import write_json

        model = cast("SurfaceModel", load_run(self.load_config).model)
        mesh = extract_mesh(model.sdf, model.region, self.resolution, close_border=self.close_border)
        mesh = drop_degenerate(mesh) if self.all_components else largest_component(drop_degenerate(mesh))
        colors = vertex_colors(model.surface_colors, mesh.vertices, model.region.device)

        world_from_scene = model.world_from_scene.detach().cpu().double().numpy()
        if self.frame == "world":
            mesh = to_frame(mesh, world_from_scene)
        mesh.visual = ColorVisuals(mesh, vertex_colors=colors)
        path = self.output_dir / f"mesh.{self.format}"
        write_mesh(mesh, path)
        record = {"vertices": len(mesh.vertices), "faces": len(mesh.faces), "watertight": bool(mesh.is_watertight)}
        write_json(path.with_suffix(".json"), frame_record(self.frame, world_from_scene) | record)
        closed = "watertight" if record["watertight"] else "open at the region's border"
        Console().print(f"{path}: {record['faces']:,} faces, {closed}, {self.frame} frame", soft_wrap=True)
        return path


MeshCommand = tyro.conf.subcommand(name="mesh")
"""How ns-export names it."""
