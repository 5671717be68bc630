"""``idr-neus make-shapes``: shapes with photographs and truth, to learn single-view reconstruction from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro


@dataclass
class MakeShapes:
    """Make a set of textured shapes: RGBA images with cameras, signed distances, surface colours and exact meshes.

    Five procedural categories, or a folder of meshes; the split into training and test shapes is by shape.
    """

    folder: tyro.conf.Positional[Path]
    """Where to write; a new folder."""
    count: int = 200
    """Shapes of each procedural category."""
    categories: tuple[str, ...] = ("chair", "table", "car", "mug", "lamp")
    """Which of them."""
    meshes: Path | None = None
    """Photograph the meshes of this folder instead (GLB, OBJ, PLY, ...; its subfolders are the categories)."""
    views: int = 8
    """Images of each shape, from random sides."""
    size: int = 64
    """Width and height of each, in pixels."""
    points: int = 16384
    """Points with a signed distance for each shape, and half as many with a colour."""
    test_share: float = 0.1
    """Share of the shapes of each category that is held out for idr-neus eval shapes."""
    seed: int = 0
    """The same seed and options give the same set."""

    def main(self) -> None:
        from concurrent.futures import ProcessPoolExecutor
        from functools import partial
        from multiprocessing import get_context

        from idr_neus_plugins.progress import progress_bar
        from idr_neus_plugins.single_view.shapes.writing import ShapeSetOptions, plan, write_record, write_shape
        from idr_neus_plugins.writing import whole_folder

        options = ShapeSetOptions(
            self.categories,
            self.count,
            self.views,
            self.size,
            self.points,
            self.test_share,
            self.seed,
            self.meshes,
        )
        jobs = plan(options)
        with (
            whole_folder(self.folder) as partial_folder,
            ProcessPoolExecutor(mp_context=get_context("spawn")) as pool,
            progress_bar() as bar,
        ):
            task = bar.add_task("Making shapes", total=len(jobs))
            for _ in pool.map(partial(write_shape, partial_folder, options=options), jobs, chunksize=4):
                bar.advance(task)
            write_record(partial_folder, jobs, options)
        tests = sum(job.split == "test" for job in jobs)
        print(f"{self.folder}: {len(jobs)} shapes, {tests} of them for testing, {self.views} views each")
