"""The benchmark of scoring, on a small load."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from idr_neus_plugins.cli.main import entrypoint
from idr_neus_plugins.evaluation import load
from idr_neus_plugins.evaluation.load import scanned_sphere, time_scoring


@pytest.fixture(autouse=True)
def a_small_object(monkeypatch):
    monkeypatch.setattr(load, "RADIUS_MM", 5.0)


def test_the_load_is_what_it_says():
    figures = time_scoring(faces=1000, points=2000)
    assert figures["faces"] == 1280 and figures["points"] == 2000
    assert figures["dtu_seconds"] > 0 < figures["points_seconds"] and 0.05 < figures["peak_gb"] < 100
    scan = scanned_sphere(5000)
    assert np.linalg.norm(scan.points, axis=1).std() == pytest.approx(0.1, rel=0.1)
    assert scan.is_observed(scan.points).all() and len(scan.above_table()) == 5000
    assert abs(np.linalg.norm(scan.points, axis=1).mean() - 5.0) < 0.02


def test_the_command(tmp_path, monkeypatch, capsys):
    words = ["idr-neus", "bench", "score", "--faces", "100", "--points", "50", "--json", str(tmp_path / "b.json")]
    monkeypatch.setattr(sys, "argv", words)
    entrypoint()
    assert json.loads((tmp_path / "b.json").read_text())["provenance"]["machine"]["cores"] >= 1
    monkeypatch.setattr(sys, "argv", ["idr-neus", "bench", "score", "--faces", "2"])
    with pytest.raises(SystemExit):
        entrypoint()
    assert "at least 20" in capsys.readouterr().err
