"""The page that takes a photograph: what it says, shows and sends, without a browser and in one."""

from __future__ import annotations

import html
import io
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest
import trimesh
import viser
from PIL import Image

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.meshing.mesh import Mesh
from idr_neus_plugins.meshing.reading import read_mesh
from idr_neus_plugins.viewer.drop_page import DropPage, serve

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PATIENCE_MS = 120_000


def make(image: Path, mask: Path | None) -> Mesh:
    """A ball in the image's middle colour, uncertain above."""
    if image.name == "black.png":
        raise UserError(f"{image} shows nothing.")
    ball = trimesh.creation.icosphere(2, 0.5)
    color = np.asarray(Image.open(image).convert("RGB"))[8, 8]
    vertices, uncertainty = np.array(ball.vertices), (ball.vertices[:, 2] > 0).astype(float)
    colors = np.tile(color, (len(vertices), 1))
    return Mesh(vertices, np.array(ball.faces), 2 * vertices, colors, {"uncertainty": uncertainty})


def file(name: str, mode: str = "RGBA", color: tuple = (200, 60, 20, 255)) -> SimpleNamespace:
    content = io.BytesIO()
    Image.new(mode, (16, 16), color).save(content, format="PNG")
    return SimpleNamespace(name=name, content=content.getvalue())


@pytest.fixture
def page() -> DropPage:
    server = MagicMock(spec=viser.ViserServer)
    server.gui, server.scene = MagicMock(), MagicMock()
    server.gui.add_markdown.side_effect = lambda content: SimpleNamespace(content=content)
    server.gui.add_dropdown.return_value.value = "own colours"
    return DropPage(server, make)


def said(page: DropPage) -> str:
    return html.unescape(page.status.content)


def shown(page: DropPage, folder: Path) -> Mesh:
    (folder / "shown.glb").write_bytes(page._server.scene.add_glb.call_args.args[1])
    return read_mesh(folder / "shown.glb")


def test_a_cut_out_image_becomes_a_mesh_and_a_file(page, tmp_path):
    page.take(file("chair.png"), None)
    assert said(page) == "chair.png: 320 faces"
    assert np.abs(shown(page, tmp_path).colors.astype(int) - [200, 60, 20]).max() <= 1
    client = MagicMock()
    page.send(client)
    name, content = client.send_file_download.call_args.args
    assert name == "chair.glb" and content[:4] == b"glTF"


def test_uncertainty_chooses_the_colours(page, tmp_path):
    page.take(file("chair.png"), None)
    page._look.value = "uncertainty"
    page._draw()
    mesh = shown(page, tmp_path)
    above, below = (mesh.colors[mesh.vertices[:, 2] * side > 0.1].mean(0) for side in (1, -1))
    assert above[0] > 200 and below[0] < 100, "yellow above, dark blue below"


def test_an_opaque_image_waits_for_its_mask(page):
    page.take(file("photo.jpg", "RGB", (9, 9, 9)), None)
    assert "photo.jpg does not tell object from background" in said(page)
    page.take(page._image, file("mask.png", "L", 255))
    assert said(page) == "photo.jpg: 320 faces"


def test_what_is_wrong_is_told_in_the_panel(page):
    page.take(None, file("mask.png", "L", 255))
    assert "Upload its photograph first" in page.status.content
    page.send(MagicMock())
    assert "no mesh yet" in page.status.content
    page.take(file("black.png"), None)
    assert said(page) == "**black.png shows nothing.**"
    page.take(SimpleNamespace(name="notes.txt", content=b"words"), None)
    assert said(page).startswith("**notes.txt cannot be read as an image")


@pytest.fixture
def address() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server, _ = serve(make, "127.0.0.1", port)
    yield f"http://localhost:{server.get_port()}"
    server.stop()


@pytest.fixture
def tab(address) -> Iterator[Any]:
    """A browser that has the page open."""
    from playwright.sync_api import sync_playwright

    if BROWSER is None:
        pytest.skip("no chromium, chromium-browser or google-chrome on this machine")
    with sync_playwright() as playwright:
        quiet = ("--no-sandbox", "--no-first-run", "--disable-background-networking", "--disable-gpu")
        browser = playwright.chromium.launch(executable_path=BROWSER, args=[*quiet])
        tab = browser.new_page()
        tab.set_default_timeout(PATIENCE_MS)
        tab.goto(address)
        yield tab
        browser.close()


def upload(tab: Any, name: str, content: bytes, kind: str = "image/png") -> None:
    with tab.expect_file_chooser() as chooser:
        tab.get_by_role("button", name="Photograph").click()
    chooser.value.set_files({"name": name, "mimeType": kind, "buffer": content})


def test_a_browser_uploads_an_image_and_downloads_its_mesh(tab, tmp_path):
    upload(tab, "chair.png", file("chair.png").content)
    tab.get_by_text("chair.png: 320 faces").wait_for()
    assert tab.get_by_role("img", name="photograph").is_visible()
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Download GLB").click()
    download.value.save_as(tmp_path / "got.glb")
    assert len(read_mesh(tmp_path / "got.glb").faces) == 320


def test_markup_in_a_files_name_is_shown_as_text_and_not_run(tab):
    """viser's markdown is MDX: braces are JavaScript, and tags are elements."""
    for name in (
        "{(window.hit = 1)}.png",
        "<img src=x onerror='window.hit=2'>.png",
        "# **a** _b_ `c` | ![d](e) [f](javascript:window.hit=3).png",
        "<script>window.hit=4<.png",
    ):
        upload(tab, name, file(name).content)
        tab.get_by_text(f"{name}: 320 faces", exact=True).wait_for()
        assert tab.evaluate("window.hit") is None
    upload(tab, "{(window.hit = 5)}.png", b"no image")
    tab.get_by_text("{(window.hit = 5)}.png cannot be read as an image").wait_for()
    upload(tab, "{(window.hit = 6)}.txt", b"words", "text/{(window.hit = 7)}")
    tab.get_by_text("Only files of kind image/* are taken, not text/{(window.hit = 7)}").wait_for()
    assert tab.evaluate("window.hit") is None
