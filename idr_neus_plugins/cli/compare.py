"""``idr-neus compare``: several methods on one scene, for the same time, scored alike and set side by side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.recipes.one_scene import DENSITIES, OneScene
from idr_neus_plugins.writing import replace_file, write_json, write_png

if TYPE_CHECKING:
    from idr_neus_plugins.recipes.job import Job
    from idr_neus_plugins.recipes.results import Result


@dataclass
class Compare(OneScene):
    """Train methods on one scene for the same time, score them alike; write a table and a picture of their meshes.

    What is done already is left alone, so an interrupted comparison goes on when it is called again, and another method
    can be added later. The commands that it runs are printed: they are those of a user.
    """

    output: Path = Path("outputs/compare")
    """Runs, compare.md, compare.json and compare.png go here."""
    methods: tuple[str, ...] = ("idr-fast", "neus-idr-fast", "unisurf-fast", "volsdf-fast")
    """Methods of ns-train."""
    max_minutes: float = 10.0
    """Training time of each."""
    picture: int = 0
    """Which of the held-out views the picture shows."""

    def main(self) -> None:
        from idr_neus_plugins.recipes.recipe import Method

        flags = {"max-minutes": self.max_minutes}
        methods = [Method(name, flags=flags, export=DENSITIES.get(name, {})) for name in self.methods]
        self._write(self.run("compare", methods))

    def _write(self, done: list[tuple[Job, Result]]) -> None:
        from idr_neus_plugins.evaluation.comparison import comparison_table
        from idr_neus_plugins.meshing.side_by_side import grid_picture

        rows = {job.method.method: result.scores for job, result in done}
        table = comparison_table(rows, {job.method.method: result.training_steps for job, result in done})
        title = f"{self.data.name}: {self.max_minutes:g} minutes of training each\n\n"
        replace_file(self.output / "compare.md", (title + table).encode())
        write_json(self.output / "compare.json", {name: dict(scores) for name, scores in rows.items()})
        camera, photo, name = _held_out_view(self.data, self.eval_views, self.picture)
        meshes = {job.method.method: job.folder / "mesh" / "mesh.ply" for job, _ in done}
        renderings = {job.method.method: job.folder / "images" / f"{name}.png" for job, _ in done}
        truth = self._truth().get("exact")
        picture = grid_picture(camera, photo, meshes, renderings, None if truth is None else Path(truth))
        write_png(picture, self.output / "compare.png")
        print(f"\n{title}{table}\n{self.output / 'compare.md'}, compare.json, compare.png")


def _held_out_view(data: Path, eval_views: tuple[int, ...], which: int):
    """(camera in world units, photograph [h, w, 3], name) of one of the views that were not trained on."""
    import numpy as np

    from idr_neus_plugins.core.camera import Camera
    from idr_neus_plugins.data.dataset import SurfaceDataset
    from idr_neus_plugins.data.idr_dataparser import IdrDataParserConfig
    from idr_neus_plugins.data.views import pinhole_matrices

    outputs = IdrDataParserConfig(data=data, eval_views=eval_views).setup().get_dataparser_outputs("val")
    if not 0 <= which < len(outputs.image_filenames):
        raise UserError(f"--picture {which}: there are {len(outputs.image_filenames)} held-out views.")
    intrinsics, poses = (part[which].double().numpy() for part in pinhole_matrices(outputs.cameras))
    world_from_scene = np.asarray(outputs.metadata["world_from_scene"], dtype=float)
    in_world = world_from_scene @ np.vstack([poses, [0.0, 0.0, 0.0, 1.0]])
    in_world[:3, :3] /= np.linalg.norm(in_world[:3, :3], axis=0)
    photo = SurfaceDataset(outputs).get_numpy_image(which)
    camera = Camera(intrinsics, in_world[:3], (photo.shape[0], photo.shape[1]))
    return camera, photo, outputs.image_filenames[which].stem
