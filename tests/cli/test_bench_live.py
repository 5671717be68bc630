"""The figures of a few steps beside a mesh fit together."""

from __future__ import annotations

import json

import pytest

from idr_neus_plugins.cli.bench_live import BenchLive
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.viewer.worker import Worker


def test_figures_fit_together(tiny_scene, tmp_path, monkeypatch):
    monkeypatch.setattr(Worker, "ask", lambda self, request: request.answer())  # its process takes seconds to start
    BenchLive(tiny_scene, resolution=24, steps=3, turns=2, progress=0.0, json=tmp_path / "b.json").main()
    figures = json.loads((tmp_path / "b.json").read_text())
    assert figures["ratio"] == pytest.approx(figures["step_ms_live"] / figures["step_ms"])
    assert figures["step_ms"] > 1 and figures["meshes"] >= 1


def test_bad_input(tiny_scene):
    with pytest.raises(UserError, match="at least 1"):
        BenchLive(tiny_scene, turns=0).main()
    with pytest.raises(UserError, match="no method 'neus'"):
        BenchLive(tiny_scene, method="neus").main()
