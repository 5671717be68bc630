"""``idr-neus convert``: a scene from one file format to another, with its conventions put right on the way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

if TYPE_CHECKING:
    from idr_neus_plugins.data.formats.scene import PosedScene


@dataclass
class Convert:
    """Read a scene (IDR/NeuS, transforms.json, meta_data.json, COLMAP) and write it, images and all, as another."""

    scene: tyro.conf.Positional[Path]
    """Folder or json file."""
    output: tyro.conf.Positional[Path]
    """New folder."""
    to: Literal["idr", "transforms", "sdfstudio", "colmap"] = "idr"
    """idr: image/, mask/, cameras_sphere.npz. transforms: nerfstudio. sdfstudio: meta_data.json. colmap: sparse/0."""
    cameras: str = "auto"
    """Name of the npz, for IDR/NeuS folders that hold several."""
    region: tuple[float, float, float, float] | None = None
    """Centre and radius of the region of interest, in the units of the cameras; replaces the scene's own."""
    shift_pixels: tuple[float, float] = (0.0, 0.0)
    """Added to every principal point; 0.5 0.5 for files that count pixel centres from zero."""
    flip_axes: bool = False
    """The cameras have y and z the other way round (OpenGL where OpenCV is expected, or back)."""
    invert_poses: bool = False
    """The poses are world-to-camera where camera-to-world is expected, or back."""
    mirror: Literal["x", "y", "z"] | None = None
    """The world is left-handed (Unity, Unreal): turn this axis round. A mesh then comes out in the mirrored world."""
    invert_masks: bool = False
    """The masks are black where the object is."""
    drop_masks: bool = False
    """Leave the masks out."""
    drop_views: tuple[int, ...] = ()
    """Leave these views out, counted from 0."""

    undistort: bool = False
    """Resample images of distorting lenses; layouts other than transforms and colmap need it."""

    def main(self) -> None:
        from tempfile import TemporaryDirectory

        from idr_neus_plugins.data.formats.reading import read_posed_scene
        from idr_neus_plugins.data.formats.undistort import undistort
        from idr_neus_plugins.data.formats.writing import write_posed_scene

        scene = self._corrected(read_posed_scene(self.scene, self.cameras, self.mirror))
        with TemporaryDirectory() as folder:
            write_posed_scene(undistort(scene, Path(folder)) if self.undistort else scene, self.output, self.to)
        print(f"{self.output}: {len(scene.views)} views, {'with' if scene.has_masks else 'without'} masks")
        if self.to == "colmap":
            _tell_region(scene)

    def _corrected(self, scene: PosedScene) -> PosedScene:
        from idr_neus_plugins.data.formats import corrections

        if self.drop_views:
            scene = corrections.drop_views(scene, self.drop_views)
        if self.drop_masks:
            scene = corrections.drop_masks(scene)
        if self.invert_masks:
            scene = corrections.invert_masks(scene)
        if self.invert_poses:
            scene = corrections.invert_poses(scene)
        if self.flip_axes:
            scene = corrections.flip_axes(scene)
        if any(self.shift_pixels):
            scene = corrections.shift_principal_points(scene, self.shift_pixels)
        return scene if self.region is None else corrections.set_region(scene, self.region)


def _tell_region(scene: PosedScene) -> None:
    from idr_neus_plugins.core.similarity import Similarity

    if scene.world_from_scene is not None:
        radius, _, centre = Similarity.of(scene.world_from_scene, "The region of interest")
        print("COLMAP's format has no region of interest. For training on the copy, add after idr-data:")
        print("--region " + " ".join(f"{number:.6g}" for number in (*centre, radius)))
