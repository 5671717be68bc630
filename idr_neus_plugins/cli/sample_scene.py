"""``idr-neus sample-scene``: photographs of an exactly known solid, to try everything on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro


@dataclass
class SampleScene:
    """Make a scene: photographs, masks and cameras of a known solid in the IDR/NeuS layout, and its exact surface."""

    folder: tyro.conf.Positional[Path]
    """Where to write. Running again with the same options leaves the scene as it is."""
    solid: str = "jug"
    """What is photographed. jug: ribs, speckled glaze; chapel: fine relief beside flat plain panels; vase: smooth and
    glossy."""
    views: int = 48
    """Photographs, from all sides."""
    size: int = 400
    """Width and height of each, in pixels."""
    masks: bool = True
    """Write masks of the object."""
    background: bool = False
    """Stand the object before a textured ground and backdrop; the cameras then stay above the ground."""
    pose_noise: tuple[float, float] | None = None
    """Degrees and millimetres: also write cameras_linear_init.npz with every pose wrong by these amounts."""

    def main(self) -> None:
        from idr_neus_plugins.data.sample_scene import SampleSceneOptions, write_sample_scene
        from idr_neus_plugins.progress import progress_bar

        options = SampleSceneOptions(self.solid, self.views, self.size, self.masks, self.background, self.pose_noise)
        with progress_bar() as bar:
            task = bar.add_task("Photographing", total=self.views)
            new = write_sample_scene(self.folder, options, lambda view: bar.advance(task))
        print(
            f"{self.folder}: {self.views} views of the {self.solid}, {self.size}x{self.size} pixels"
            + ("" if new else " (already there)")
        )
        print(f"{self.folder / 'surface.ply'}: the exact surface, mm")
