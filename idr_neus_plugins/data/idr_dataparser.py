"""``idr-data``: posed photographs for surface reconstruction, in whatever known layout they come."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from nerfstudio.cameras.cameras import Cameras, CameraType
from nerfstudio.data.dataparsers.base_dataparser import DataParser, DataParserConfig, DataparserOutputs
from nerfstudio.data.scene_box import SceneBox
from nerfstudio.plugins.registry_dataparser import DataParserSpecification
from nerfstudio.utils.rich_utils import CONSOLE

from idr_neus_plugins.data.idr_scene import IdrScene, read_idr_scene
from idr_neus_plugins.data.projection import split_similarity
from idr_neus_plugins.data.split import split_views


@dataclass
class IdrDataParserConfig(DataParserConfig):
    """IDR/NeuS folders; nerfstudio's transforms.json, SDFStudio's meta_data.json and COLMAP folders are recognised."""

    _target: type = field(default_factory=lambda: IdrDataParser)
    data: Path = Path()
    """Scene: a folder, or a json file."""
    cameras: str = "auto"
    """Name of the npz with the cameras. "auto": cameras_sphere.npz, then cameras.npz, then the only one there is."""
    downscale_factor: float = 1.0
    """Images are averaged over areas of this many pixels squared, in memory."""
    eval_interval: int = 8
    """Every k-th view is held out for evaluation, from view 0."""
    eval_views: tuple[int, ...] = ()
    """Views to hold out, by position in the folder; replaces the interval."""


class IdrDataParser(DataParser):
    """Hands nerfstudio one split of a scene. All checks run once, at the first split."""

    config: IdrDataParserConfig

    def __init__(self, config: IdrDataParserConfig):
        super().__init__(config)
        self._splits: tuple[DataparserOutputs, DataparserOutputs] | None = None

    def _generate_dataparser_outputs(self, split: str = "train", **kwargs) -> DataparserOutputs:
        if self._splits is None:
            self._splits = self._parse()
        return self._splits[0] if split == "train" else self._splits[1]

    def _parse(self) -> tuple[DataparserOutputs, DataparserOutputs]:
        config = self.config
        views = outputs_from_idr_scene(read_idr_scene(config.data, config.cameras))
        training, held_out = split_views(len(views.cameras), config.eval_views, config.eval_interval)
        CONSOLE.print(f"{len(training)} training views, {len(held_out)} held out: {' '.join(map(str, held_out))}")
        views = shrink_images(views, config.downscale_factor)
        return select_views(views, training), select_views(views, held_out)


def outputs_from_idr_scene(scene: IdrScene) -> DataparserOutputs:
    """All views of a scene in nerfstudio's terms: OpenGL cameras (y up, z backward), scene box [-1, 1]^3."""
    camera_to_scene = torch.from_numpy(scene.camera_to_scene[:, :3] * [1.0, -1.0, -1.0, 1.0]).float()
    heights, widths = torch.tensor(scene.sizes).T
    intrinsics = torch.from_numpy(scene.intrinsics).float()
    cameras = Cameras(
        camera_to_worlds=camera_to_scene,
        fx=intrinsics[:, 0, 0],
        fy=intrinsics[:, 1, 1],
        cx=intrinsics[:, 0, 2],
        cy=intrinsics[:, 1, 2],
        width=widths,
        height=heights,
        camera_type=CameraType.PERSPECTIVE,
    )
    return surface_outputs(cameras, scene.image_filenames, scene.mask_filenames, scene.world_from_scene)


def surface_outputs(
    cameras: Cameras, images: list[Path], masks: list[Path] | None, world_from_scene: np.ndarray
) -> DataparserOutputs:
    """Parser outputs with the keys that surface methods read; see ``metadata`` below."""
    scale, rotation, translation = split_similarity(world_from_scene, "The transformation from scene to world")
    transform = torch.from_numpy(np.concatenate([rotation.T, -rotation.T @ translation[:, None]], 1)).float()
    metadata: dict = {
        "world_from_scene": torch.from_numpy(world_from_scene),
        "view_indices": list(range(len(images))),
        "shrink": 1.0,
    }
    if masks is not None:
        metadata["foreground_filenames"] = masks
    return DataparserOutputs(
        image_filenames=images,
        cameras=cameras,
        scene_box=SceneBox(aabb=torch.tensor([[-1.0] * 3, [1.0] * 3])),
        metadata=metadata,
        dataparser_transform=transform,
        dataparser_scale=1.0 / scale,
    )


def shrink_images(outputs: DataparserOutputs, factor: float) -> DataparserOutputs:
    """Cameras for images averaged over ``factor`` x ``factor`` pixels; the data set does the averaging."""
    cameras = outputs.cameras
    shrunk = replace(
        cameras,
        **{name: getattr(cameras, name) / factor for name in ("fx", "fy", "cx", "cy")},
        **{name: (getattr(cameras, name).double() / factor + 1e-6).long() for name in ("height", "width")},
    )
    return replace(outputs, cameras=shrunk, metadata={**outputs.metadata, "shrink": factor})


def select_views(outputs: DataparserOutputs, views: list[int]) -> DataparserOutputs:
    """The outputs for these views only, in this order."""
    metadata = dict(outputs.metadata)
    for key in ("view_indices", "foreground_filenames"):
        if key in metadata:
            metadata[key] = [metadata[key][view] for view in views]
    return replace(
        outputs,
        cameras=outputs.cameras[torch.tensor(views)],
        image_filenames=[outputs.image_filenames[view] for view in views],
        metadata=metadata,
    )


idr_data = DataParserSpecification(
    config=IdrDataParserConfig(),
    description="IDR/NeuS scenes (image/, mask/, cameras_sphere.npz); also transforms.json, meta_data.json and COLMAP.",
)
