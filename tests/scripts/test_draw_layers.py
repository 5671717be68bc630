"""The picture of the layers shows every folder, and lines that only lead down."""

from __future__ import annotations

import re
import runpy
import xml.etree.ElementTree as ElementTree

from tests.conftest import REPOSITORY


def test_every_folder_is_drawn_and_lines_lead_down():
    script = runpy.run_path(str(REPOSITORY / "scripts" / "draw_layers.py"))
    layers = script["read_layers"](REPOSITORY / "pyproject.toml")
    imports = script["read_imports"](layers)
    picture = ElementTree.fromstring(script["draw"](layers, imports))
    names = {element.text for element in picture.iter() if element.tag.endswith("text")}
    folders = {path.parent.name for path in (REPOSITORY / "idr_neus_plugins").glob("*/__init__.py")}
    assert folders <= names and imports["samplers"] >= {"core", "fields", "laws"}
    paths = [element.attrib["d"] for element in picture.iter() if element.tag.endswith("path")]
    heights = [[float(number) for number in re.findall(r"-?\d+", path)] for path in paths]
    assert len(paths) == sum(map(len, imports.values())) > 30
    assert all(last > first for _, first, *_, last in heights)
