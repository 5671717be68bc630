"""``idr-neus report``: what recipes have shown, as tables for a document and as a page with pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.writing import replace_file


@dataclass
class Report:
    """Put results of `idr-neus run` together: mean and spread over seeds, published figures beside ours."""

    folders: tyro.conf.Positional[tuple[Path, ...]]
    """Folders of recipes (by default outputs/recipes/NAME)."""
    markdown: Path | None = None
    """Write the tables into this document, each recipe's between its marks; other text stays as it is."""
    html: Path | None = None
    """Write one page that works without a network: pictures, curves, meshes coloured by their error."""

    def main(self) -> None:
        from idr_neus_plugins.reports.sections import put_between_marks, read_sections, section_as_markdown

        if not self.folders:
            raise UserError("Name at least one folder that `idr-neus run` has made.")
        sections = read_sections(self.folders)
        if self.markdown is None and self.html is None:
            print("\n\n".join(map(section_as_markdown, sections)))
        if self.markdown is not None:
            text = self.markdown.read_text() if self.markdown.is_file() else ""
            for section in sections:
                text = put_between_marks(text, section.recipe.name, section_as_markdown(section))
            replace_file(self.markdown, text.encode())
        if self.html is not None:
            from idr_neus_plugins.reports.page import report_page

            replace_file(self.html, report_page(sections).encode())
