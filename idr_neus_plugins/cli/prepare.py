"""``idr-neus prepare``: from photographs or a video to a scene that can be trained on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from idr_neus_plugins.command import if_stopped
from idr_neus_plugins.data.prepare.options import PrepareOptions


@dataclass(kw_only=True)
class Prepare(PrepareOptions):
    """Estimate cameras (COLMAP), undistort, make masks, find the region of interest, write an IDR/NeuS scene.

    Running again after an interruption, or with other options, repeats only what must be.
    """

    photos: tyro.conf.Positional[Path]
    """Folder of photographs, a video, or a scene that has cameras (COLMAP, transforms.json, meta_data.json)."""
    output: Path
    """New folder for the scene. Intermediate results stay in <output>-work, which may be deleted afterwards."""

    def main(self) -> None:
        from idr_neus_plugins.data.prepare.steps import prepare
        from idr_neus_plugins.progress import progress_bar

        with if_stopped("Steps that are done are kept; the same command goes on from there."), progress_bar() as bar:
            scene, lost = prepare(self.photos, self.output, self, bar)
        print(f"{self.output}: {len(scene.views)} views, {'with' if scene.has_masks else 'without'} masks")
        if lost:
            print(f"{len(lost)} photographs found no place: {', '.join(lost)}")
        print(f"Look at it:  idr-neus doctor {self.output}")
        print(f"Train on it: ns-train neus-idr-fast --data {self.output} --max-minutes 10")
