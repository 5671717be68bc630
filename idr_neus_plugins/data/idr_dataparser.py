"""``idr-data``: posed photographs for surface reconstruction, in whatever known layout they come."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from nerfstudio.data.dataparsers.base_dataparser import DataParser, DataParserConfig, DataparserOutputs
from nerfstudio.plugins.registry_dataparser import DataParserSpecification
from nerfstudio.utils.rich_utils import CONSOLE

from idr_neus_plugins.data.formats.corrections import set_region
from idr_neus_plugins.data.formats.readers.unknown import what_is_there
from idr_neus_plugins.data.formats.reading import find_reader, read_posed_scene
from idr_neus_plugins.data.idr_scene import camera_files
from idr_neus_plugins.data.outputs import select_views, shrink_images, surface_outputs
from idr_neus_plugins.data.split import split_views
from idr_neus_plugins.errors import UserError


@dataclass
class IdrDataParserConfig(DataParserConfig):
    """Posed photographs in any layout of docs/data.md; which one it is, is recognised."""

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
    region: tuple[float, float, float, float] | None = None
    """Centre and radius of a sphere around the object, in the units of the cameras, for formats without scale_mat or
    scene box. By default it comes from the masks or from where the cameras look."""


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
        views, held_out_by_data = read_views(config)
        eval_views = config.eval_views or held_out_by_data
        training, held_out = split_views(len(views.cameras), eval_views, config.eval_interval)
        CONSOLE.print(f"{len(training)} training views, {len(held_out)} held out: {' '.join(map(str, held_out))}")
        views = shrink_images(views, config.downscale_factor)
        return select_views(views, training), select_views(views, held_out)


def require_scene(path: Path, cameras: str = "auto") -> None:
    """Raises UserError where no scene is named, or there is none in any known layout."""
    if not path.exists():
        raise UserError(f"{path} does not exist. Name a scene with --data; `idr-neus sample-scene scene/` makes one.")
    if find_reader(path, cameras) is not None:
        return
    if path == Path():
        raise UserError(
            "--data is missing, and the current folder is no scene. Name one with --data; `idr-neus sample-scene "
            "scene/` makes one."
        )
    raise UserError(what_is_there(path))


def read_views(config: IdrDataParserConfig) -> tuple[DataparserOutputs, tuple[int, ...]]:
    """(all views of the scene, views that the data set itself holds out). Raises UserError for unusable data."""
    require_scene(config.data, config.cameras)
    scene = read_posed_scene(config.data, config.cameras)
    if config.region is not None:
        if scene.world_from_scene is not None and camera_files(config.data):
            raise UserError("--region is for formats without scale_mat; an IDR/NeuS scene has its region in the npz.")
        scene = set_region(scene, config.region)
    return surface_outputs(scene), scene.held_out


idr_data = DataParserSpecification(
    config=IdrDataParserConfig(),
    description="IDR/NeuS scenes (image/, mask/, cameras_sphere.npz); also transforms.json, meta_data.json and COLMAP.",
)
