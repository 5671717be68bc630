"""The report as one HTML file that works without a network: tables, pictures, curves, shapes."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from PIL import Image

from idr_neus_plugins.progress import progress_bar
from idr_neus_plugins.recipes.results import Result
from idr_neus_plugins.reports.curves import curves_as_svg, read_curves
from idr_neus_plugins.reports.sections import Section
from idr_neus_plugins.reports.shapes import shape_page

PICTURE_WIDTH = 1280
"""Of photograph, rendering, normals and error together; larger ones are shrunk."""


@dataclass(frozen=True)
class JobView:
    """What the page shows of one job."""

    title: str
    result: Result
    pictures: list[tuple[str, str]]
    """(view, data URI of photograph | rendering | normals | error)."""
    shape: str | None
    """A page for a frame, quotes escaped."""
    curves: str | None
    """SVG."""


def report_page(sections: Sequence[Section]) -> str:
    """HTML; everything is inside."""
    from jinja2 import Environment

    template = files("idr_neus_plugins.reports").joinpath("page.html").read_text()
    with progress_bar() as bar:
        task = bar.add_task("Gathering (jobs)", total=sum(len(section.results) for section in sections))
        shown = []
        for section in sections:
            views, first_seeds = [], first_seeds_of(section.results.values())
            for folder, result in section.results.items():
                views.append(job_view(folder, result, looked_at=result in first_seeds))
                bar.advance(task)
            shown.append((section, views))
    return Environment(autoescape=True).from_string(template).render(sections=shown)


def first_seeds_of(results: Iterable[Result]) -> list[Result]:
    """One result of each scene and method: what other seeds look like differs too little for the megabytes."""
    first: dict[tuple[str, str, str], Result] = {}
    for result in sorted(results, key=lambda result: result.seed):
        first.setdefault((result.scene, result.method, result.label), result)
    return list(first.values())


def job_view(folder: Path, result: Result, looked_at: bool) -> JobView:
    """Takes what there is: a job without pictures or scores of its mesh has a shorter view.

    Only one that is ``looked_at`` has them at all.
    """
    label = "" if result.label == "default" else f" ({result.label})"
    files = sorted((folder / "images").glob("*.png")) if looked_at else []
    error, curves = folder / "mesh" / "error.ply", read_curves(folder)
    meshes = sorted((folder / "mesh").glob("mesh.[pog][lb][yjb]")) if looked_at else []
    return JobView(
        title=f"{result.scene} · {result.method}{label} · seed {result.seed}",
        result=result,
        pictures=[(path.stem, picture_uri(path)) for path in files],
        shape=shape_page(meshes[0], error) if error.is_file() and meshes else None,
        curves=curves_as_svg(curves) if curves else None,
    )


def picture_uri(path: Path) -> str:
    """A JPEG of at most PICTURE_WIDTH pixels, inside its address."""
    with Image.open(path) as image:
        picture = image.convert("RGB")
    picture.thumbnail((PICTURE_WIDTH, PICTURE_WIDTH))
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(written.getvalue()).decode()
