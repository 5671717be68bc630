"""``idr-neus run`` of a recipe that somebody else has written."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from idr_neus_plugins.cli.run_recipe import RunRecipe
from idr_neus_plugins.errors import UserError


def recipe(folder: Path, prepare: list[str], **changes) -> Path:
    scene = {"name": "s", "data": "d", "prepare": prepare}
    content = {"name": "r", "about": "a", "scenes": [scene], "methods": [{"method": "m"}]} | changes
    (folder / "r.yaml").write_text(yaml.safe_dump(content))
    return folder / "r.yaml"


def run(path: Path, **options) -> None:
    RunRecipe(path, data_root=path.parent, output=path.parent / "out", **options).main()


def test_programs_of_a_recipe_run_only_when_the_user_says_so(tmp_path, jobs, capsys):
    program = [sys.executable, "-c", "import sys; open(sys.argv[1], 'w')", str(tmp_path / "done {x}")]
    path = recipe(tmp_path, program)
    with pytest.raises(UserError, match="with a program: .*open.sys.argv.* run again with --trust"):
        run(path)
    assert not (tmp_path / "done {x}").exists() and not jobs
    run(path, trust=True)
    assert (tmp_path / "done {x}").exists() and len(jobs) == 1


def test_what_makes_only_the_data_needs_no_trust(tmp_path, jobs):
    with pytest.raises(UserError, match="could not be made"):  # it is run
        run(recipe(tmp_path, ["idr-neus", "sample-scene", "{data}", "--views", "none"]))
    for other in (["idr-neus", "run", "{data}"], ["idr-neus", "sample-scene", "elsewhere"]):
        with pytest.raises(UserError, match="--trust"):
            run(recipe(tmp_path, other))


def test_restart_deletes_nothing_but_jobs(tmp_path, jobs):
    mine = tmp_path / "out" / "r" / "s" / "m" / "default-seed0" / "thesis.tex"
    mine.parent.mkdir(parents=True)
    mine.touch()
    with pytest.raises(UserError, match="is not deleted"):
        run(recipe(tmp_path, []), restart=True)
    assert mine.exists()
