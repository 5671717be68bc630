"""Meshes beside each other in the browser, in their own colours or by their distance to one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import viser

from idr_neus_plugins.core.raycasting import RayCaster
from idr_neus_plugins.meshing.gltf import to_glb
from idr_neus_plugins.meshing.mesh import Mesh
from idr_neus_plugins.serving import start_server
from idr_neus_plugins.viewer.requests import scale_colors
from idr_neus_plugins.viewer.text import as_text

GAP = 1.15
"""Distance between the middles of neighbours, in widths of the widest."""
ACROSS = 4.0
"""Length of the largest mesh in the browser: its own units may be millimetres or kilometres."""
LOOKS = ("own colours", "distance", "normals")


class SideBySide:
    """Fills a viser server; the browser chooses the colours and the scale of the distances."""

    def __init__(self, server: viser.ViserServer, named: Sequence[tuple[str, Mesh]], reference: Mesh):
        self._server, self._named = server, named
        caster = RayCaster(reference.shape)
        self.distances = [caster.distances(mesh.vertices) for _, mesh in named]
        """Of every mesh's vertices to the reference, in the meshes' units."""
        gui = server.gui
        self._look = gui.add_dropdown("Colours", LOOKS, initial_value=LOOKS[0])
        largest = max(float(np.percentile(each, 95)) for each in self.distances) or 1.0
        self._yellow = gui.add_number("Yellow from", round(largest, 6), min=1e-9)
        gui.add_markdown(summary(named, self.distances))
        self._look.on_update(lambda _: self.show())
        self._yellow.on_update(lambda _: self.show())
        self.show()

    def show(self) -> None:
        """Draws all meshes in the colours that are chosen."""
        places, scale = arrange([mesh for _, mesh in self._named])
        for (name, mesh), distances, place in zip(self._named, self.distances, places, strict=True):
            glb = to_glb(self._painted(mesh, distances), {})
            node = f"/meshes/{name}"
            self._server.scene.add_glb(node, glb, scale=scale, position=scale * place)
            low = mesh.vertices.min(0) + place
            self._server.scene.add_label(f"{node} (label)", name, position=scale * low)

    def _painted(self, mesh: Mesh, distances: np.ndarray) -> Mesh:
        if self._look.value == "distance":
            return replace(mesh, colors=scale_colors(distances / float(self._yellow.value)), texture=None)
        if self._look.value == "normals" or (mesh.colors is None and mesh.texture is None):
            return replace(mesh, colors=(127.5 + 127.5 * mesh.normals).round().astype(np.uint8), texture=None)
        return mesh


def arrange(meshes: Sequence[Mesh]) -> tuple[np.ndarray, float]:
    """Offsets [n, 3] that put the meshes side by side along x about the origin, and the scale for the browser.

    All have the same offset but along x, so that differences in y and z stay visible.
    """
    bounds = np.stack([[mesh.vertices.min(0), mesh.vertices.max(0)] for mesh in meshes])
    sides = bounds[:, 1] - bounds[:, 0]
    places = np.tile(-bounds.mean((0, 1)), (len(meshes), 1))
    places[:, 0] += GAP * sides[:, 0].max() * (np.arange(len(meshes)) - (len(meshes) - 1) / 2)
    return places, ACROSS / float(sides.max())


def summary(named: Sequence[tuple[str, Mesh]], distances: Sequence[np.ndarray]) -> str:
    """A table: name, faces, mean and largest distance."""
    rows = ["| mesh | faces | mean | largest |", "|---|---|---|---|"]
    for (name, mesh), each in zip(named, distances, strict=True):
        rows.append(f"| {as_text(name)} | {len(mesh.faces):,} | {each.mean():.3g} | {each.max():.3g} |")
    return "\n".join(rows)


def serve(
    named: Sequence[tuple[str, Mesh]], reference: Mesh, host: str, port: int
) -> tuple[viser.ViserServer, SideBySide]:
    """The server and what it shows. It runs until ``stop()`` is called."""
    server = start_server(host, port)
    return server, SideBySide(server, named, reference)
