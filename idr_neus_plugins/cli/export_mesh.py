"""``ns-export mesh``: the surface of a run as a mesh file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import tyro

from idr_neus_plugins.errors import user_errors
from idr_neus_plugins.meshing.files import MeshFormat
from idr_neus_plugins.meshing.frames import Frame
from idr_neus_plugins.meshing.options import MeshOptions


@dataclass
class ExportMesh(MeshOptions):
    """Export the surface itself: marching cubes on the signed distance, refined, cleaned, coloured, in world units."""

    load_config: Path
    """Path to the config YAML file."""
    output_dir: Path
    """Path to the output directory: mesh.<format>, and mesh.json with the frame, its matrix and what was measured."""
    format: MeshFormat = "ply"
    """File format. ply: colours and attributes at vertices; glb, obj: also textures; stl: the shape alone."""
    frame: Frame = "world"
    """world: the frame and units of the input cameras (mm for DTU). scene: normalised, region = unit sphere."""

    threshold: Optional[float] = None  # noqa: UP045 - tyro reads the annotations at run time
    """For densities (nerf-fast): the one at which the surface is to lie, per scene unit; papers show 25, 50 and 500."""

    def main(self) -> None:
        """Exports the mesh."""
        with user_errors():
            self.export()

    def export(self) -> Path:
        """Writes the mesh and its record; returns the mesh's path. Raises UserError on bad input."""
        from idr_neus_plugins.meshing.build import build_mesh
        from idr_neus_plugins.meshing.files import require_texture_format
        from idr_neus_plugins.meshing.output import write_built
        from idr_neus_plugins.run import load_run

        self.check()
        if self.texture != "none":
            require_texture_format(self.format)
        run = load_run(self.load_config)
        surface, views = run.surface(self.threshold), run.training_views() if self.needs_views else None
        built = build_mesh(surface, self, views)
        path = self.output_dir / f"mesh.{self.format}"
        record = write_built(built, path, self.frame, surface.world_from_scene.detach().cpu().double().numpy())
        _tell(path, record)
        return path


def _tell(path: Path, record: dict[str, Any]) -> None:
    from rich.console import Console

    closed = "watertight" if record["watertight"] else "open"
    lines = [f"{path}: {record['faces']:,} faces, {closed}, {record['frame']} frame"]
    if "error_max" in record:
        lines.append(
            f"Simplified from {record['simplified_from']:,} faces: {record['error_mean']:.3g} mean, "
            f"{record['error_max']:.3g} largest distance, world units"
        )
    for line in lines:
        Console().print(line, soft_wrap=True)


MeshCommand = tyro.conf.subcommand(name="mesh")
"""How ns-export names it."""
