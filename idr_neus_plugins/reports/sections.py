"""Gathering what a report shows: recipes with their results, scene by scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.recipes.recipe import Recipe, load_recipe
from idr_neus_plugins.recipes.results import RECIPE_COPY, Result, read_results
from idr_neus_plugins.reports.table import Table, markdown, mean_table, provenance_line, table_of


@dataclass(frozen=True)
class Section:
    """One recipe."""

    recipe: Recipe
    results: dict[Path, Result]
    """By the folder of the job."""

    def tables(self) -> list[tuple[str, Table]]:
        """(scene, its table), and the mean over the scenes where there are several."""
        everything = list(self.results.values())
        scenes = [scene.name for scene in self.recipe.scenes if any(r.scene == scene.name for r in everything)]
        quoted = self.recipe.published
        tables = [
            (name, table_of([r for r in everything if r.scene == name], [p for p in quoted if p.scene == name]))
            for name in scenes
        ]
        if len(scenes) > 1:
            tables.append(("mean", mean_table(everything, [entry for entry in quoted if entry.scene == "mean"])))
        return tables

    def provenance(self) -> str:
        return provenance_line(self.results.values())


def read_sections(folders: Sequence[Path]) -> list[Section]:
    """A section per folder that ``idr-neus run`` has made.

    Raises UserError where a folder is not one, or where their results come from different versions of the code.
    """
    read_results(folders)  # all together, because versions must agree across the recipes, too
    sections = []
    for folder in folders:
        copy = folder / RECIPE_COPY
        if not copy.is_file():
            raise UserError(f"{folder} has no {RECIPE_COPY}: name the folder of a recipe, as `idr-neus run` makes it.")
        sections.append(Section(load_recipe(copy), read_results([folder])))
    return sections


def section_as_markdown(section: Section) -> str:
    """Heading, tables, provenance."""
    tables = [f"**{name}**\n\n{markdown(table)}" for name, table in section.tables()]
    parts = [f"## Recipe `{section.recipe.name}`", section.recipe.about.strip(), *tables, section.provenance()]
    return "\n\n".join(parts)


def put_between_marks(text: str, name: str, content: str) -> str:
    """``text`` with ``content`` between the marks of a recipe; both are added at the end where they are missing."""
    opening, closing = f"<!-- report: {name} -->", f"<!-- end of report: {name} -->"
    block = f"{opening}\n{content}\n{closing}"
    before, found, rest = text.partition(opening)
    if not found:
        return f"{text.rstrip()}\n\n{block}\n"
    _, closed, after = rest.partition(closing)
    if not closed:
        raise UserError(f"The mark '{opening}' has no '{closing}' after it; repair the file.")
    return before + block + after
