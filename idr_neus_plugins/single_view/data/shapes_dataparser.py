"""``shapes-data``: a set of shapes (see ``shape_set``) as nerfstudio's cameras and images."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from nerfstudio.data.dataparsers.base_dataparser import DataParser, DataParserConfig, DataparserOutputs
from nerfstudio.plugins.registry_dataparser import DataParserSpecification

from idr_neus_plugins.core.camera import Camera
from idr_neus_plugins.data.files import image_size
from idr_neus_plugins.data.formats.scene import PosedScene, View
from idr_neus_plugins.data.outputs import surface_outputs
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.single_view.data.shape_set import ShapeEntry, of_split, read_shape_set


@dataclass
class ShapesDataParserConfig(DataParserConfig):
    """A folder that idr-neus make-shapes or import-shapes wrote."""

    _target: type = field(default_factory=lambda: ShapesDataParser)
    data: Path = Path()
    """The set."""


class ShapesDataParser(DataParser):
    """Every image of a split's shapes is a view of its own object; all objects stand at the same place."""

    config: ShapesDataParserConfig

    def _generate_dataparser_outputs(self, split: str = "train", **kwargs) -> DataparserOutputs:
        if split not in ("train", "val", "test"):
            raise UserError(f"A set of shapes has no split '{split}': train, val and test.")
        return shape_outputs(of_split(read_shape_set(self.config.data), split))  # type: ignore[arg-type]


def shape_outputs(entries: list[ShapeEntry]) -> DataparserOutputs:
    """All images of ``entries`` in their order; ``metadata["entries"]`` are these."""
    images = [path for entry in entries for path in entry.images]
    cameras = [camera for entry in entries for camera in shape_cameras(entry)]
    if not images or len(images) != len(cameras):
        raise UserError(f"{entries[0].folder.parents[1]} has {len(images)} images and {len(cameras)} cameras.")
    outputs = surface_outputs(PosedScene(tuple(map(_view, images, cameras)), np.eye(4)))
    # The cameras look at different objects: no silhouettes to be compared, no interpolated paths between them.
    return DataparserOutputs(
        image_filenames=images,
        cameras=outputs.cameras,
        scene_box=outputs.scene_box,
        metadata=outputs.metadata | {"entries": entries, "foreground_in_alpha": True},
        dataparser_transform=outputs.dataparser_transform,
        dataparser_scale=1.0,
    )


def _view(image: Path, camera: Camera) -> View:
    pose = np.vstack([camera.camera_to_scene, [[0.0, 0.0, 0.0, 1.0]]])
    return View(image, None, camera.size, np.asarray(camera.intrinsics, np.float64), np.asarray(pose, np.float64))


def shape_cameras(entry: ShapeEntry) -> list[Camera]:
    """The cameras of a shape's images."""
    samples = entry.arrays("intrinsics", "camera_to_scene")
    size = image_size(entry.images[0])
    return [Camera(*view, size) for view in zip(samples["intrinsics"], samples["camera_to_scene"], strict=True)]


shapes_data = DataParserSpecification(
    config=ShapesDataParserConfig(),
    description="Sets of textured shapes for single-view reconstruction (idr-neus make-shapes).",
)
