"""Meshes beside each other, coloured by distance."""

from __future__ import annotations

from unittest.mock import MagicMock

import numpy as np
import pytest
import trimesh
import viser

from idr_neus_plugins.meshing.mesh import Mesh
from idr_neus_plugins.meshing.reading import read_mesh
from idr_neus_plugins.viewer.requests import scale_colors
from idr_neus_plugins.viewer.side_by_side import ACROSS, SideBySide, arrange


def ball(radius: float) -> Mesh:
    mesh = trimesh.creation.icosphere(3, radius=radius)
    return Mesh(np.array(mesh.vertices), np.array(mesh.faces), np.array(mesh.vertices) / radius)


class Handle:
    """A gui element without a browser."""

    def __init__(self, value):
        self.value, self.changed = value, []

    def on_update(self, action):
        self.changed.append(action)


@pytest.fixture
def server():
    server = MagicMock(spec=viser.ViserServer)
    server.gui, server.scene = MagicMock(), MagicMock()
    server.gui.add_dropdown.side_effect = lambda *_, initial_value: Handle(initial_value)
    server.gui.add_number.side_effect = lambda _, value, min: Handle(value)
    return server


def test_meshes_stand_side_by_side_and_fit_the_browser():
    places, scale = arrange([ball(10.0), ball(12.0), ball(8.0)])
    assert np.diff(places[:, 0]).min() > 2 * 12 and np.ptp(places[:, 1:], axis=0).max() == 0
    assert places[:, 0].mean() == pytest.approx(0, abs=0.1) and scale * 24 == pytest.approx(ACROSS)


def test_distances_choose_the_colours(server, tmp_path):
    shown = SideBySide(server, [("a", ball(10.0)), ("b", ball(11.0))], ball(10.0))
    np.testing.assert_allclose(shown.distances[1], 1, atol=0.1)
    shown._look.value, shown._yellow.value = "distance", 2.0
    shown._look.changed[0](None)
    _, call = server.scene.add_glb.call_args_list[-2:]
    (tmp_path / "b.glb").write_bytes(call.args[1])
    colors = read_mesh(tmp_path / "b.glb").colors
    expected = scale_colors(shown.distances[1] / 2.0)
    assert np.abs(colors.astype(int) - expected).max() <= 1
    assert "| b | 1,280 |" in server.gui.add_markdown.call_args.args[0]
