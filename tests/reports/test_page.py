"""The page: what is on it, that it needs no network, and that a browser shows the shape."""

from __future__ import annotations

import io
import json
import re
import shutil
import sys

import numpy as np
import pytest
import trimesh
from PIL import Image

from idr_neus_plugins.cli.main import entrypoint
from idr_neus_plugins.reports.curves import curves_as_svg, read_curves
from idr_neus_plugins.reports.page import report_page
from idr_neus_plugins.reports.sections import read_sections
from idr_neus_plugins.reports.shapes import beads, smaller
from tests.reports.finished import add_pictures_and_shapes, write_results

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The written report, over a mesh's errors and a cloud's."""
    folder = write_results(tmp_path_factory.mktemp("balls"))
    add_pictures_and_shapes(folder / "ball" / "fast" / "default-seed0")
    add_pictures_and_shapes(folder / "ball" / "fast" / "default-seed1")
    add_pictures_and_shapes(folder / "ball" / "slow" / "default-seed0", points=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["idr-neus", "report", str(folder), "--html", str(folder / "report.html")])
        entrypoint()
    return folder / "report.html"


def test_everything_is_on_it_and_inside_it(page):
    """Pictures and shapes of the first seeds alone, curves of all."""
    text = page.read_text()
    assert text.count('<div class="job">') == 5 and text.count("<iframe") == 2
    assert text.count("data:image/jpeg;base64,") == 4 and text.count("<svg") == 3
    assert "0.200 ± 0.141" in text and "NeuS, paper: theirs" in text and "ns-train fast" in text
    outside = [url for url in re.findall(r'(?:src|href)="(?!data:|#)([^"]+)"', text)]
    assert outside == []


@pytest.mark.skipif(BROWSER is None, reason="no chromium, chromium-browser or google-chrome on this machine")
def test_a_browser_without_a_network_shows_pictures_and_shape(page):
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=arguments)
        context = browser.new_context(offline=True, viewport={"width": 1000, "height": 800})
        tab = context.new_page()
        asked = []
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto(f"file://{page}")
        frame = tab.locator("iframe").first
        frame.scroll_into_view_if_needed()
        for _ in range(30):
            picture = np.array(Image.open(io.BytesIO(frame.screenshot())).convert("RGB")).astype(int)
            red = (picture[..., 0] > 100) & (picture[..., 1:].max(-1) < picture[..., 0] - 60)
            if red.mean() > 0.02:
                break
            tab.wait_for_timeout(500)
        assert red.mean() > 0.02, "the red ball is not to be seen"
        tab.locator("img").first.scroll_into_view_if_needed()
        tab.wait_for_function("document.images[0].complete && document.images[0].naturalWidth === 80")
        assert all(url.startswith(("file:", "data:", "about:", "blob:")) for url in asked)
        browser.close()


def test_curves_are_the_trainings_own(page):
    job = page.parent / "ball" / "fast" / "default-seed0"
    curves = read_curves(job)
    assert curves == {"rgb": ([0, 1, 2, 3, 4], pytest.approx([1, 1 / 2, 1 / 3, 1 / 4, 1 / 5]))}
    assert curves_as_svg(curves).startswith("<svg") and read_curves(page.parent / "egg") == {}


def test_a_large_mesh_becomes_smaller_and_keeps_its_colors():
    ball = trimesh.creation.icosphere(subdivisions=5)
    ball.visual.vertex_colors = np.tile(np.uint8([200, 30, 20, 255]), (len(ball.vertices), 1))
    few = smaller(ball, 1000)
    assert len(few.faces) <= 1001 and few.volume == pytest.approx(ball.volume, rel=0.02)
    assert np.abs(few.visual.vertex_colors[:, :3].astype(int) - [200, 30, 20]).max() <= 1
    assert smaller(ball, 10**6) is ball


def test_beads_are_closed_and_stand_where_the_points_are():
    points = np.array([[0.0, 0, 0], [5, 0, 0]])
    solid = beads(points, np.tile(np.uint8([1, 2, 3, 255]), (2, 1)), 0.1)
    assert solid.is_watertight and solid.body_count == 2 and solid.volume > 0
    assert np.linalg.norm(solid.vertices.reshape(2, 4, 3).mean(1) - points) < 1e-12


def test_names_are_text_on_it(tmp_path):
    folder = write_results(tmp_path / "balls")
    name = "<img src=x onerror=alert(1)>"
    path = next(folder.rglob("result.json"))
    path.write_text(json.dumps(json.loads(path.read_text()) | {"scene": name, "commands": [name], "protocol": name}))
    text = report_page(read_sections([folder]))
    assert name not in text and "&lt;img src=x onerror=alert(1)&gt;" in text
