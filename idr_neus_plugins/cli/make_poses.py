"""``idr-neus make-poses``: photographs of objects with known poses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro


@dataclass
class MakePoses:
    """Make photographs of objects on a ground plane, laid out as a user would bring them, and the truth beside them.

    Single photographs of one object each; or, with --frames, a sequence of all objects from a moving camera.
    """

    folder: tyro.conf.Positional[Path]
    """Where to write; a new folder."""
    count: int = 60
    """Objects."""
    frames: int = 0
    """Of a sequence; 0 for single photographs."""
    sweep: float = 90.0
    """How far the camera of a sequence goes around the objects, degrees."""
    categories: tuple[str, ...] = ("chair", "table", "car", "mug", "lamp")
    """Procedural categories, taken in turn."""
    meshes: Path | None = None
    """Take the meshes of this folder instead (GLB, OBJ, PLY, ...; in subfolders)."""
    size: int = 224
    """Width and height of the images, pixels; the focal length is 245 at 224."""
    seed: int = 0
    """The same seed and options give the same scene."""
    depth: bool = False
    """Write the depths of single photographs, too, as an exact depth camera would."""

    def main(self) -> None:
        from idr_neus_plugins.pose.scenes.writing import PoseSceneOptions, write_sequence, write_single_views
        from idr_neus_plugins.progress import progress_bar
        from idr_neus_plugins.writing import whole_folder

        options = PoseSceneOptions(
            self.count, self.frames, self.sweep, self.categories, self.meshes, self.size, self.seed, self.depth
        )
        write = write_sequence if self.frames else write_single_views
        with whole_folder(self.folder) as partial_folder, progress_bar() as bar:
            task = bar.add_task("Taking photographs", total=self.frames or self.count)
            write(partial_folder, options, lambda: bar.advance(task))
        what = f"{self.frames} frames of {self.count} objects" if self.frames else f"{self.count} photographs"
        print(f"{self.folder}: {what}")
