"""The data manager of conditioned fields: batches of images with points, not of rays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from nerfstudio.cameras.cameras import Cameras
from nerfstudio.data.datamanagers.base_datamanager import DataManager, DataManagerConfig
from torch import Tensor

from idr_neus_plugins.data.dataset import SurfaceDataset
from idr_neus_plugins.progress import progress_bar
from idr_neus_plugins.single_view.data.augmentation import augmented
from idr_neus_plugins.single_view.data.shape_cache import ShapeCache, ShapeQuery
from idr_neus_plugins.single_view.data.shapes_dataparser import ShapesDataParserConfig
from idr_neus_plugins.single_view.data.showing import ShowingDataloader


@dataclass
class ShapesDataManagerConfig(DataManagerConfig):
    """Images of known shapes, and points of these."""

    _target: type = field(default_factory=lambda: ShapesDataManager)
    dataparser: ShapesDataParserConfig = field(default_factory=ShapesDataParserConfig)
    """The set."""
    images: int = 24
    """Images of a batch, of as many shapes."""
    points: int = 192
    """Points with a signed distance, of each image: near the surface and anywhere."""
    surface_points: int = 64
    """Points on the surface, of each image."""
    reframed: float = 0.0
    """Share of a batch's images that are turned and framed anew, as photographs without a camera are."""


class ShapesDataManager(DataManager):
    """A split's shapes lie in memory; a batch costs a look-up."""

    config: ShapesDataManagerConfig

    def __init__(
        self,
        config: ShapesDataManagerConfig,
        device: torch.device | str = "cpu",
        test_mode: str = "val",
        world_size: int = 1,
        local_rank: int = 0,
        **kwargs: Any,
    ) -> None:
        self.config, self.device, self.test_mode = config, device, test_mode
        if config.data is not None:
            config.dataparser.data = Path(config.data)
        self.dataparser = config.dataparser.setup()
        self.train_dataparser_outputs = self.dataparser.get_dataparser_outputs("train")
        self.train_dataset: SurfaceDataset = SurfaceDataset(self.train_dataparser_outputs)  # type: ignore[assignment]
        eval_split = "test" if test_mode in ("test", "inference") else "val"
        outputs = self.dataparser.get_dataparser_outputs(eval_split)
        self.eval_dataset: SurfaceDataset = SurfaceDataset(outputs)  # type: ignore[assignment]
        super().__init__()

    def setup_train(self) -> None:
        self.train_shapes = self._load(self.train_dataset)

    def setup_eval(self) -> None:
        self.eval_shapes = self._load(self.eval_dataset)
        self.fixed_indices_eval_dataloader = ShowingDataloader(self.eval_dataset, device=self.device)
        self._eval_images = _forever(self.fixed_indices_eval_dataloader)

    def next_train(self, step: int) -> tuple[ShapeQuery, dict[str, Tensor]]:  # type: ignore[override]
        self.train_count += 1
        return augmented(*self._draw(self.train_shapes), self.config.reframed)

    def next_eval(self, step: int) -> tuple[ShapeQuery, dict[str, Tensor]]:  # type: ignore[override]
        self.eval_count += 1
        return self._draw(self.eval_shapes)

    def next_eval_image(self, step: int) -> tuple[Cameras, dict]:
        return next(self._eval_images)

    def get_train_rays_per_batch(self) -> int:
        """Points, for the speed that nerfstudio prints."""
        return self.config.images * (self.config.points + self.config.surface_points)

    def get_eval_rays_per_batch(self) -> int:
        return self.get_train_rays_per_batch()

    def get_datapath(self) -> Path:
        return self.config.dataparser.data

    def get_param_groups(self) -> dict:
        return {}

    def _load(self, dataset: SurfaceDataset) -> ShapeCache:
        entries = dataset.metadata["entries"]
        with progress_bar() as bar:
            task = bar.add_task("Reading shapes", total=len(entries))
            return ShapeCache.load(entries, lambda: bar.advance(task)).to(self.device)

    def _draw(self, shapes: ShapeCache) -> tuple[ShapeQuery, dict[str, Tensor]]:
        return shapes.draw(self.config.images, self.config.points, self.config.surface_points)


def _forever(loader: ShowingDataloader) -> Iterator[tuple[Cameras, dict]]:
    while True:
        yield from loader
