"""``idr-neus view``: meshes side by side in the browser."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from idr_neus_plugins.errors import UserError


@dataclass
class ViewMeshes:
    """Compare meshes in the browser: side by side, in their own colours, by distance, by normals."""

    meshes: tyro.conf.Positional[tuple[Path, ...]]
    """Mesh files in one frame: PLY, OBJ, GLB, STL."""
    reference: Path | None = None
    """Distances are to this mesh; by default to the first one."""
    host: str = "127.0.0.1"
    """Who may open the page: by default only this machine. 0.0.0.0: everybody who reaches it, without a password."""
    port: int = 8080
    """Of the address to open, http://localhost:<port>."""

    def main(self) -> None:
        from idr_neus_plugins.meshing.reading import read_mesh
        from idr_neus_plugins.serving import serve_until_stopped
        from idr_neus_plugins.viewer.side_by_side import serve

        if not self.meshes:
            raise UserError("Name at least one mesh file.")
        named = [(name, read_mesh(path)) for name, path in zip(short_names(self.meshes), self.meshes, strict=True)]
        reference = named[0][1] if self.reference is None else read_mesh(self.reference)
        server, _ = serve(named, reference, self.host, self.port)
        serve_until_stopped(server, f"shows {len(named)} meshes")


def short_names(paths: tuple[Path, ...]) -> list[str]:
    """The shortest ends of the paths that tell them apart; numbered where the same file is named twice."""
    for parts in range(1, max(len(path.parts) for path in paths) + 1):
        names = ["/".join(path.parts[-parts:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    return [f"{number}: {path.name}" for number, path in enumerate(paths, start=1)]
