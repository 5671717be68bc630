"""One photograph as nerfstudio's data: a single camera, and the object's window in its picture."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from nerfstudio.cameras.cameras import Cameras
from nerfstudio.data.datamanagers.base_datamanager import DataManager, DataManagerConfig
from nerfstudio.data.dataparsers.base_dataparser import DataParser, DataParserConfig, DataparserOutputs
from nerfstudio.data.scene_box import SceneBox
from nerfstudio.data.utils.dataloaders import FixedIndicesEvalDataloader

from idr_neus_plugins.core.camera import Camera, look_at
from idr_neus_plugins.data.dataset import SurfaceDataset
from idr_neus_plugins.data.files import image_size
from idr_neus_plugins.data.views import nerfstudio_camera
from idr_neus_plugins.errors import UserError
from idr_neus_plugins.pose.files import TRUTH, Photographs, read_photographs, read_truth
from idr_neus_plugins.pose.observation import Observation, observed
from idr_neus_plugins.single_view.fields.pose import DISTANCE


@dataclass
class PhotographDataParserConfig(DataParserConfig):
    """A photograph with camera.json beside it, or a folder with image/ and camera.json."""

    _target: type = field(default_factory=lambda: PhotographDataParser)
    data: Path = Path()
    """The image or the folder."""
    image: int = 0
    """Which of the folder's images."""
    mask: int = 0
    """Which of its objects."""


class PhotographDataParser(DataParser):
    """The scene is seen by the photograph's camera, which stands level at ``DISTANCE`` before its origin."""

    config: PhotographDataParserConfig

    def _generate_dataparser_outputs(self, split: str = "train", **kwargs: Any) -> DataparserOutputs:
        photographs, index = self.photographs(), self.config.image
        frame = photographs.frames[index]
        camera = Camera(photographs.intrinsics, scene_from_camera()[:3], image_size(frame.image))
        mask = frame.masks[self.config.mask]
        foreground: dict[str, Any] = {"foreground_in_alpha": True} if mask is None else {"foreground_filenames": [mask]}
        return DataparserOutputs(
            image_filenames=[frame.image],
            cameras=replace(nerfstudio_camera(camera), metadata={}),
            scene_box=SceneBox(aabb=torch.tensor([[-1.0] * 3, [1.0] * 3])),
            metadata=foreground | {"truth": self._truth()},
        )

    def photographs(self) -> Photographs:
        """Raises UserError for an image or an object that is not there."""
        photographs = read_photographs(self.config.data)
        if not 0 <= self.config.image < len(photographs.frames) or not 0 <= self.config.mask < photographs.objects:
            raise UserError(
                f"{self.config.data} has {len(photographs.frames)} images of {photographs.objects} objects; there is "
                f"no image {self.config.image} with an object {self.config.mask}."
            )
        return photographs

    def _truth(self) -> Any:
        """The true object, where it is known: only to be shown."""
        if not (self.config.data / TRUTH).is_file():
            return None
        return read_truth(self.config.data)[self.config.image].objects[self.config.mask]


def scene_from_camera() -> Float[np.ndarray, "4 4"]:
    return look_at(np.array([0.0, -DISTANCE, 0.0]), np.zeros(3), np.array([0.0, 0.0, 1.0]))


@dataclass
class PhotographDataManagerConfig(DataManagerConfig):
    _target: type = field(default_factory=lambda: PhotographDataManager)
    dataparser: PhotographDataParserConfig = field(default_factory=PhotographDataParserConfig)


class PhotographDataManager(DataManager):
    """Every batch is the whole photograph."""

    config: PhotographDataManagerConfig

    def __init__(
        self,
        config: PhotographDataManagerConfig,
        device: torch.device | str = "cpu",
        test_mode: str = "val",
        **kwargs: Any,
    ) -> None:
        self.config, self.device, self.test_mode = config, device, test_mode
        if config.data is not None:
            config.dataparser.data = Path(config.data)
        self.dataparser: PhotographDataParser = config.dataparser.setup()
        self.train_dataparser_outputs = self.dataparser.get_dataparser_outputs("train")
        self.train_dataset: SurfaceDataset = SurfaceDataset(self.train_dataparser_outputs)  # type: ignore[assignment]
        self.eval_dataset: SurfaceDataset = self.train_dataset  # type: ignore[assignment]
        super().__init__()

    def setup_train(self) -> None:
        self.observation = self._observation().to(self.device)

    def setup_eval(self) -> None:
        self.fixed_indices_eval_dataloader = FixedIndicesEvalDataloader(self.eval_dataset, device=self.device)

    def next_train(self, step: int) -> tuple[Observation, dict]:  # type: ignore[override]
        self.train_count += 1
        return self.observation, {}

    def next_eval(self, step: int) -> tuple[Observation, dict]:  # type: ignore[override]
        return self.observation, {}

    def next_eval_image(self, step: int) -> tuple[Cameras, dict]:
        return next(iter(self.fixed_indices_eval_dataloader))

    def get_train_rays_per_batch(self) -> int:
        return self.observation.side**2

    def get_eval_rays_per_batch(self) -> int:
        return self.get_train_rays_per_batch()

    def get_datapath(self) -> Path:
        return self.config.dataparser.data

    def get_param_groups(self) -> dict:
        return {}

    def _observation(self) -> Observation:
        parser = self.config.dataparser
        photographs = self.dataparser.photographs()
        frame = photographs.frames[parser.image]
        image = frame.cut_out(parser.mask)
        up = photographs.grounds[parser.image].up
        return observed(image, photographs.intrinsics, frame.depths(), str(frame.image), up)
