"""A page in the browser that takes a photograph and shows the mesh that is made of it."""

from __future__ import annotations

import base64
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import viser
from PIL import Image

from idr_neus_plugins.data.files import has_alpha, image_size, read_pixels
from idr_neus_plugins.errors import UserError, brief
from idr_neus_plugins.meshing.gltf import to_glb
from idr_neus_plugins.meshing.mesh import Mesh
from idr_neus_plugins.serving import limit_uploads, start_server
from idr_neus_plugins.viewer.requests import scale_colors
from idr_neus_plugins.viewer.text import as_alarm, as_text
from idr_neus_plugins.writing import encode_png

Maker = Callable[[Path, "Path | None"], Mesh]
"""(image, mask) -> mesh within the unit sphere, z upwards, with colours or a texture; where it has an attribute
``uncertainty`` in [0, 1] the page can show that. Raises UserError, whose message is shown."""

LOOKS = ("own colours", "uncertainty")
MESH = "/mesh"
THUMBNAIL = 160
"""Larger side of the photograph in the panel, pixels."""
WELCOME = "Upload a photograph whose background is transparent (PNG), or one and then its mask."
NEEDS_MASK = (
    "**{name} does not tell object from background.** Upload its mask (white where the object is), or an image whose "
    "background is transparent (PNG)."
)


@runtime_checkable
class Uploaded(Protocol):
    """A file that the browser sent."""

    name: str
    content: bytes


class DropPage:
    """Fills a viser server. Whoever has the page open sees the same object, the last one."""

    def __init__(self, server: viser.ViserServer, make: Maker) -> None:
        self._server, self._make, self._busy = server, make, threading.Lock()
        self._image: Uploaded | None = None
        self._mesh: Mesh | None = None
        gui = server.gui
        image = gui.add_upload_button("Photograph", icon=viser.Icon.UPLOAD, mime_type="image/*")
        mask = gui.add_upload_button("Mask", icon=viser.Icon.UPLOAD, mime_type="image/*")
        self._photograph = gui.add_markdown("")
        self.status = gui.add_markdown(WELCOME)
        self._look = gui.add_dropdown("Show", LOOKS, initial_value=LOOKS[0])
        download = gui.add_button("Download GLB", icon=viser.Icon.DOWNLOAD)
        image.on_upload(lambda event: self.take(event.target.value, None))
        mask.on_upload(lambda event: self.take(self._image, event.target.value))
        self._look.on_update(lambda _: self._draw())
        download.on_click(lambda event: self.send(event.client))

    def take(self, image: Uploaded | None, mask: Uploaded | None) -> None:
        """Makes the mesh of a file that came from the browser; what is wrong with it is told in the panel."""
        if image is None:
            self.status.content = "**A mask alone is not enough.** Upload its photograph first."
            return
        with self._busy, tempfile.TemporaryDirectory() as folder:
            self._image = image
            paths = [_saved(file, Path(folder) / name) for name, file in (("image", image), ("mask", mask)) if file]
            try:
                self._show(*paths)
            except UserError as error:
                self.status.content = as_alarm(_told(error, paths))
            except Exception as error:  # the page must go on
                self.status.content = as_alarm(f"{type(error).__name__}: {brief(error)}")
                raise

    def _show(self, image: Path, mask: Path | None = None) -> None:
        self._photograph.content = _thumbnail(image)
        if mask is None and not has_alpha(image):
            self.status.content = NEEDS_MASK.format(name=as_text(image.name))
            return
        self.status.content = f"Reconstructing {as_text(image.name)} …"
        self._mesh = self._make(image, mask)
        self._draw()
        self.status.content = f"{as_text(image.name)}: {len(self._mesh.faces):,} faces"

    def _draw(self) -> None:
        if self._mesh is None:
            return
        mesh = self._mesh
        if self._look.value == LOOKS[1] and "uncertainty" in mesh.attributes:
            mesh = replace(mesh, colors=scale_colors(mesh.attributes["uncertainty"]), texture=None)
        self._server.scene.add_glb(MESH, to_glb(mesh, {}))

    def send(self, client: Any) -> None:
        """The mesh as a file, to the browser that asked for it."""
        if self._mesh is None or self._image is None or client is None:
            self.status.content = "**There is no mesh yet.** Upload a photograph first."
            return
        client.send_file_download(f"{Path(self._image.name).stem}.glb", to_glb(self._mesh, {}))


def _saved(file: Uploaded, folder: Path) -> Path:
    """A browser's file under its own name, whatever else that name says."""
    folder.mkdir()
    name = Path(file.name.replace("\0", "")).name
    path = folder / ("image" if name in ("", "..") else name)
    path.write_bytes(file.content)
    return path


def _told(error: UserError, paths: list[Path]) -> str:
    """Its message, with files called as the user calls them."""
    message = str(error)
    for path in paths:
        message = message.replace(str(path), path.name)
    return message


def _thumbnail(path: Path) -> str:
    """The image as Markdown. Raises UserError where it is none."""
    small = Image.fromarray(read_pixels(path, "RGBA", image_size(path), 1.0))
    small.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    data = base64.b64encode(encode_png(np.asarray(small))).decode()
    return f"![photograph](data:image/png;base64,{data})"


def serve(make: Maker, host: str, port: int) -> tuple[viser.ViserServer, DropPage]:
    """The server and its page. It runs until ``stop()`` is called."""
    server = start_server(host, port)
    page = DropPage(server, make)
    limit_uploads(server, lambda reason: setattr(page.status, "content", as_alarm(reason)))
    return server, page
