"""What results remember of their making."""

from __future__ import annotations

import json

from idr_neus_plugins import provenance as module
from idr_neus_plugins.provenance import code_version, provenance


def test_it_can_be_written_and_names_what_matters():
    content = json.loads(json.dumps(provenance()))
    assert content["libraries"]["torch"] and content["libraries"]["nerfstudio"] == "1.1.5"
    assert content["machine"]["cores"] >= 1 and content["machine"]["memory_gib"] > 0
    assert content["code"] == code_version()


def test_the_code_version_follows_the_source(tmp_path, monkeypatch):
    def version_of(text: str) -> str:
        (tmp_path / "a.py").write_text(text)
        code_version.cache_clear()
        return code_version()

    monkeypatch.setattr(module, "PACKAGE", tmp_path)
    first, second, again = version_of("x = 1"), version_of("x = 2"), version_of("x = 1")
    code_version.cache_clear()
    assert first == again != second
