"""Recipes: what is read, and what is refused with which words."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.recipes.recipe import load_recipe, words

CONFIGS = Path(__file__).parents[2] / "configs"


def recipe_file(folder: Path, **changes) -> Path:
    content = {
        "name": "r", "about": "a", "scenes": [{"name": "s", "data": "d"}], "methods": [{"method": "m"}]
    } | changes  # fmt: skip
    path = folder / "r.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def test_defaults(tmp_path):
    recipe = load_recipe(recipe_file(tmp_path))
    assert recipe.seeds == [0] and recipe.scenes[0].truth == {} and recipe.methods[0].scores == ["mesh", "images"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sceens": []}, "unknown field 'sceens'"),
        ({"scenes": [{"name": "s"}]}, r"scenes\[0\].*data"),
        ({"scenes": ["s"]}, r"scenes\[0\] must be a mapping"),
        ({"methods": [{"method": "m"}, {"method": "m"}]}, "must occur once"),
        ({"methods": []}, "at least one"),
        ({"methods": [{"method": "m", "scores": ["taste"]}]}, "unknown scores"),
        ({"methods": "m"}, "methods must be a list"),
        ({"seeds": ["../../home"]}, "seeds is of another kind"),
        ({"seeds": 3}, "seeds is of another kind"),
        ({"scenes": [{"name": 5, "data": "d"}]}, "name is of another kind"),
        ({"name": "../up"}, "name becomes a folder and cannot be '../up'"),
        ({"name": ".."}, "name becomes a folder"),
        ({"scenes": [{"name": "a/b", "data": "d"}]}, "name becomes a folder"),
        ({"scenes": [{"name": "s", "data": "../d"}]}, "below --data-root"),
        ({"scenes": [{"name": "s", "data": "/d"}]}, "below --data-root"),
        ({"methods": [{"method": "m", "label": "../../../x"}]}, "label becomes a folder"),
        ({"methods": [{"method": "m", "flags": {"output-dir": "/home"}}]}, "no flag that a recipe may set"),
        ({"methods": [{"method": "m", "flags": {"output_dir": "/home"}}]}, "no flag that a recipe may set"),
        ({"methods": [{"method": "m", "flags": {"x --data": "/"}}]}, "no flag that a recipe may set"),
        ({"methods": [{"method": "m", "flags": {"seed": [1, "--output-dir=/home"]}}]}, "a flag itself"),
        ({"methods": [{"method": "m", "flags": {"seed": {"a": 1}}}]}, "must be a number, a word"),
        ({"published": [{"method": "m"}]}, r"published\[0\] lacks scene"),
    ],
)
def test_mistakes_are_named(tmp_path, changes, message):
    with pytest.raises(UserError, match=message):
        load_recipe(recipe_file(tmp_path, **changes))


def test_no_file_and_no_yaml(tmp_path):
    with pytest.raises(UserError, match="no recipe"):
        load_recipe(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("a: [")
    with pytest.raises(UserError, match="cannot be read as a recipe in YAML"):
        load_recipe(tmp_path / "bad.yaml")


def test_flags_become_words():
    flags = {"eval-views": [1, 2], "max-minutes": 2.5, "all-components": True, "vis": "viewer"}
    assert words(flags) == ["--eval-views", "1", "2", "--max-minutes", "2.5", "--all-components", "--vis", "viewer"]


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_projects_own_recipes(path):
    """They are read, are named as their file, and a mean that they quote is that of the figures they quote."""
    recipe = load_recipe(path)
    assert recipe.name == path.stem
    scenes = {scene.name for scene in recipe.scenes}
    for method in {entry.method for entry in recipe.published}:
        figures = {entry.scene: entry.value for entry in recipe.published if entry.method == method}
        assert set(figures) <= scenes | {"mean"}
        if scenes < set(figures):
            mean = sum(figures[scene] for scene in scenes) / len(scenes)
            assert mean == pytest.approx(figures["mean"], abs=0.006)
