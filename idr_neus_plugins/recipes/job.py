"""One scene, one method, one seed: the plain commands that train, export and score it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from idr_neus_plugins.recipes.recipe import Flags, Method, Recipe, Scene, words

PATHS = ("exact", "points", "dtu", "scene")
"""Flags of ``idr-neus eval mesh`` that are paths below the root of the data."""


@dataclass(frozen=True)
class Step:
    """A command, as a user would type it."""

    name: str
    command: list[str]


@dataclass(frozen=True)
class Job:
    """Everything lies in ``folder``, which is the run's folder as nerfstudio names it."""

    recipe: str
    scene: Scene
    method: Method
    seed: int
    export: Flags
    data_root: Path
    output: Path

    @property
    def title(self) -> str:
        label = "" if self.method.label == "default" else f" {self.method.label}"
        return f"{self.scene.name} · {self.method.method}{label} · seed {self.seed}"

    @property
    def timestamp(self) -> str:
        return f"{self.method.label}-seed{self.seed}"

    @property
    def folder(self) -> Path:
        return self.output / self.scene.name / self.method.method / self.timestamp

    @property
    def config(self) -> Path:
        return self.folder / "config.yml"

    @property
    def data(self) -> Path:
        return self.data_root / self.scene.data

    def steps(self) -> list[Step]:
        """In their order; each needs the ones before it."""
        scores = {"mesh": self._eval_mesh, "images": self._eval_images, "cameras": self._eval_cameras}
        chosen = [Step(f"eval {name}", scores[name]()) for name in self.method.scores if name != "mesh" or self._truth]
        return [Step("train", self._train()), Step("export", self._export()), *chosen]

    def scores_file(self, name: str) -> Path:
        """Where ``idr-neus eval NAME`` puts its scores."""
        return self.folder / f"{name}_scores.json"

    def _train(self) -> list[str]:
        place = ["--output-dir", str(self.output), "--experiment-name", self.scene.name, "--timestamp", self.timestamp]
        fixed = ["ns-train", self.method.method, "--data", str(self.data), *place]
        run = ["--vis", "tensorboard", "--machine.seed", str(self.seed), *words(self.method.flags)]
        parser = self.scene.parser | self.method.parser
        return [*fixed, *run, *(["idr-data", *words(parser)] if parser else [])]

    def _export(self) -> list[str]:
        place = ["--load-config", str(self.config), "--output-dir", str(self.folder / "mesh")]
        return ["ns-export", "mesh", *place, *words(self.export)]

    @property
    def _truth(self) -> Flags:
        return {
            name: str(self.data_root / str(value)) if name in PATHS else value
            for name, value in self.scene.truth.items()
        }

    def _eval_mesh(self) -> list[str]:
        files = ["--mesh", str(self.folder / "mesh" / f"mesh.{self.export.get('format', 'ply')}")]
        results = ["--json", str(self.scores_file("mesh")), "--error-mesh", str(self.folder / "mesh" / "error.ply")]
        return ["idr-neus", "eval", "mesh", *files, *words(self._truth), *results]

    def _eval_images(self) -> list[str]:
        results = ["--save-images", str(self.folder / "images"), "--json", str(self.scores_file("images"))]
        return ["idr-neus", "eval", "images", "--load-config", str(self.config), *results]

    def _eval_cameras(self) -> list[str]:
        results = ["--json", str(self.scores_file("cameras"))]
        return ["idr-neus", "eval", "cameras", "--load-config", str(self.config), *results]


def jobs_of(recipe: Recipe, data_root: Path, output: Path) -> list[Job]:
    """All of a recipe: scene by scene, first seeds first, so that a table is soon complete if coarse."""
    rounds = max(len(_seeds(recipe, method)) for method in recipe.methods)
    return [
        Job(recipe.name, scene, method, _seeds(recipe, method)[turn], recipe.export | method.export, data_root, output)
        for turn in range(rounds)
        for scene in recipe.scenes
        for method in recipe.methods
        if turn < len(_seeds(recipe, method))
    ]


def _seeds(recipe: Recipe, method: Method) -> list[int]:
    return method.seeds or recipe.seeds
