"""``idr-neus drop``: a page in the browser where one drops a photograph and gets a mesh."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from idr_neus_plugins.meshing.mesh import Mesh
    from idr_neus_plugins.meshing.options import MeshOptions
    from idr_neus_plugins.single_view.model import SingleViewModel

AT_ONCE = 16384


@dataclass
class Drop:
    """Serve a page that makes a textured mesh of any photograph one uploads, with a trained disn or onet."""

    load_config: Path
    """config.yml of the trained run."""
    host: str = "127.0.0.1"
    """Who may open the page: by default only this machine. 0.0.0.0: everybody who reaches it, without a password."""
    port: int = 8080
    """Of the address to open, http://localhost:<port>."""
    resolution: int = 96
    """Of the meshes."""
    faces: int = 10_000
    """Most triangles of a mesh; unwrapping takes longer with more."""
    texture_size: int = 512
    """Width and height of the texture, pixels."""

    def main(self) -> None:
        from idr_neus_plugins.cli.reconstruct import load_single_view
        from idr_neus_plugins.meshing.options import MeshOptions
        from idr_neus_plugins.serving import serve_until_stopped
        from idr_neus_plugins.viewer.drop_page import serve

        _, _, model = load_single_view(self.load_config)
        options = MeshOptions(
            resolution=self.resolution, texture="field", texture_size=self.texture_size, faces=self.faces
        )
        server, _ = serve(lambda image, mask: mesh_of(model, image, mask, options), self.host, self.port)
        serve_until_stopped(server, "takes photographs")


def mesh_of(model: SingleViewModel, image: Path, mask: Path | None, options: MeshOptions) -> Mesh:
    """The object of a photograph, scene frame, with the attribute ``uncertainty``. Raises UserError as reconstruct."""
    import torch

    from idr_neus_plugins.meshing.build import build_mesh
    from idr_neus_plugins.single_view.reconstruction.inputs import read_cut_out
    from idr_neus_plugins.single_view.reconstruction.predicting import LARGEST, framed, show

    show(model, [framed(model, read_cut_out(image, mask), None, LARGEST)])
    mesh = build_mesh(model.surface(), options, progress=False).mesh
    vertices = torch.from_numpy(mesh.vertices).float().to(model.device)
    uncertainty = torch.cat([model.surface_uncertainty(part) for part in vertices.split(AT_ONCE)])
    return replace(mesh, attributes={"uncertainty": uncertainty.cpu().numpy()})
