"""nerfstudio's viewer on a run of ours, in a real browser: the picture that arrives there shows the object."""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = ("--no-sandbox", "--no-first-run", "--disable-background-networking", "--disable-component-update")
SOFTWARE_GL = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-sync")
CANVAS = {"x": 0, "y": 60, "width": 560, "height": 540}
"""The part of the page with neither header nor control panel, pixels."""
DARKEST_OF_OBJECT = 24
PATIENCE_S = 120.0

pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no chromium, chromium-browser or google-chrome on this machine"
)


@pytest.fixture
def viewer_url(trained_run, tmp_path) -> Iterator[str]:
    """Address of ns-viewer, once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = f"{sysconfig.get_path('scripts')}/ns-viewer"
    line = [script, "--load-config", str(trained_run), "--viewer.websocket-port", str(port)]
    with open(tmp_path / "viewer.log", "w+") as log:
        viewer = subprocess.Popen(line, stdout=log, stderr=log, env={**os.environ, "CUDA_VISIBLE_DEVICES": ""})
        try:
            wait_for(lambda: answers(port), lambda: (tmp_path / "viewer.log").read_text()[-4000:])
            yield f"http://localhost:{port}"
        finally:
            viewer.kill()
            viewer.wait()


def answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition, complaint) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, f"not within {PATIENCE_S:.0f} s:\n{complaint()}"
        time.sleep(1.0)


def object_pixels(picture: np.ndarray) -> np.ndarray:
    """Which pixels are not the black of the background."""
    return picture.max(axis=-1) > DARKEST_OF_OBJECT


def photographed_color(scene: Path) -> np.ndarray:
    photograph = np.array(Image.open(sorted((scene / "image").iterdir())[0]).convert("RGB"))
    mask = np.array(Image.open(sorted((scene / "mask").iterdir())[0]).convert("L"))
    return photograph[mask > 127].mean(axis=0)


def test_the_browser_shows_the_object_in_its_colors(viewer_url, scene):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=[*QUIET, *SOFTWARE_GL])
        page = browser.new_page(viewport={"width": 900, "height": 600})
        page.goto(viewer_url)

        def canvas() -> np.ndarray:
            return np.array(Image.open(io.BytesIO(page.screenshot(clip=CANVAS))).convert("RGB"))

        def shows_the_object() -> bool:
            picture = canvas()
            shown = object_pixels(picture)
            if not 0.02 < shown.mean() < 0.7:
                return False
            centre = np.argwhere(shown).mean(axis=0) / shown.shape
            difference = picture[shown].mean(axis=0) - photographed_color(scene)
            return bool(np.abs(centre - 0.5).max() < 0.15 and np.abs(difference).max() < 45.0)

        wait_for(shows_the_object, lambda: f"mean of the canvas {canvas().mean(axis=(0, 1))}")
        browser.close()
