"""nerfstudio's viewer on a run of ours, in a real browser: the picture that arrives there shows the object."""

from __future__ import annotations

import io
import math
import os
import re
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
PATIENCE_S = 360.0
"""The worker that makes meshes has low priority, and other tests run beside."""
PATIENCE_MS = 1000 * PATIENCE_S
SETTLED_READINGS = 8
"""Pictures, a second or more apart, after which a rendering counts as finished."""

pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no chromium, chromium-browser or google-chrome on this machine"
)


@pytest.fixture(scope="module")
def viewer_url(trained_run, tmp_path_factory) -> Iterator[str]:
    """Address of ns-viewer, once it answers."""
    log_file = tmp_path_factory.mktemp("viewer") / "viewer.log"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = f"{sysconfig.get_path('scripts')}/ns-viewer"
    line = [script, "--load-config", str(trained_run), "--viewer.websocket-port", str(port)]
    with open(log_file, "w+") as log:
        viewer = subprocess.Popen(line, stdout=log, stderr=log, env={**os.environ, "CUDA_VISIBLE_DEVICES": ""})
        try:
            wait_for(lambda: answers(port), lambda: log_file.read_text()[-4000:])
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


@pytest.fixture
def page(viewer_url):
    """A browser that has the viewer open."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=[*QUIET, *SOFTWARE_GL])
        page = browser.new_page(viewport={"width": 900, "height": 600}, device_scale_factor=0.5)
        page.set_default_timeout(PATIENCE_MS)
        page.goto(viewer_url)
        yield page
        browser.close()


def canvas_of(page) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(page.screenshot(clip=CANVAS))).convert("RGB"))


def test_the_browser_shows_the_object_in_its_colors(page, scene):
    def shows_the_object() -> bool:
        picture = canvas_of(page)
        shown = object_pixels(picture)
        if not 0.02 < shown.mean() < 0.7:
            return False
        centre = np.argwhere(shown).mean(axis=0) / shown.shape
        difference = picture[shown].mean(axis=0) - photographed_color(scene)
        return bool(np.abs(centre - 0.5).max() < 0.15 and np.abs(difference).max() < 45.0)

    wait_for(shows_the_object, lambda: f"mean of the canvas {canvas_of(page).mean(axis=(0, 1))}")


def object_tint(page) -> float:
    """How far the object's pixels are from grey, in 8-bit steps; NaN where there is no object."""
    picture = canvas_of(page).astype(int)
    shown = object_pixels(picture)
    return float(np.median(np.ptp(picture[shown], axis=1))) if 0.02 < shown.mean() < 0.7 else math.nan


def settled_tint(page) -> float:
    """Of the finished picture: the first ones are coarse, and their pixels mix object and background."""
    tints = [math.nan]

    def is_settled() -> bool:
        tints.append(object_tint(page))
        return len(tints) > SETTLED_READINGS and np.ptp(tints[-SETTLED_READINGS:]) < 1  # never true of NaN

    wait_for(is_settled, lambda: f"tints {tints[-SETTLED_READINGS:]}")
    return tints[-1]


def set_to_lowest(page, slider: str) -> None:
    label = page.get_by_text(slider, exact=True)
    page.locator(f"[id='{label.get_attribute('for')}']").get_by_role("slider").press("Home")


def choose(page, dropdown: str, option: str) -> None:
    page.get_by_label(dropdown, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()


def test_the_panels_buttons_show_meshes_and_export_one(page, trained_run):
    def until(wanted) -> None:
        wait_for(lambda: wanted(object_tint(page)), lambda: f"{object_tint(page)} from grey")

    rendering = settled_tint(page)
    set_to_lowest(page, "Mesh resolution")
    choose(page, "Show", "mesh")
    page.get_by_text(re.compile(r"Mesh of step .* faces")).wait_for()
    until(lambda tint: tint < 6)
    choose(page, "Show", "normals")
    until(lambda tint: tint > 40)
    set_to_lowest(page, "File resolution")
    page.get_by_role("button", name="Export mesh").click()
    page.get_by_text(re.compile("faces, watertight")).wait_for()
    assert [path.suffix for path in sorted((trained_run.parent / "meshes").iterdir())] == [".glb", ".json"]
    choose(page, "Show", "rendering")
    until(lambda tint: abs(tint - rendering) < 8)
