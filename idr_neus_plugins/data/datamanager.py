"""The data manager of surface methods: pixels in 8 bits on the device, rays where they tell something."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch
from nerfstudio.cameras.rays import RayBundle
from nerfstudio.configs.dataparser_configs import AnnotatedDataParserUnion
from nerfstudio.data.datamanagers.base_datamanager import VanillaDataManager, VanillaDataManagerConfig
from nerfstudio.data.pixel_samplers import PixelSampler, PixelSamplerConfig
from nerfstudio.data.utils.dataloaders import FixedIndicesEvalDataloader, RandIndicesEvalDataloader
from torch import Tensor, nn
from torch.nn.functional import pad

from idr_neus_plugins.core.views import Views
from idr_neus_plugins.data.dataset import SurfaceDataset
from idr_neus_plugins.data.doctor.brief import tell_findings
from idr_neus_plugins.data.idr_dataparser import IdrDataParserConfig, require_scene
from idr_neus_plugins.data.pixels import PixelStore, SurfacePixelSampler, SurfacePixelSamplerConfig
from idr_neus_plugins.data.rays import ray_generator
from idr_neus_plugins.data.views import are_pinhole, pinhole_matrices
from idr_neus_plugins.errors import UserError


@dataclass
class SurfaceDataManagerConfig(VanillaDataManagerConfig):
    """Posed photographs as batches of rays."""

    _target: type = field(default_factory=lambda: SurfaceDataManager)
    dataparser: AnnotatedDataParserUnion = field(default_factory=IdrDataParserConfig)
    pixel_sampler: PixelSamplerConfig = field(default_factory=SurfacePixelSamplerConfig)
    images_on_gpu: bool = True
    """Pixels lie on the training device as 8-bit values; False keeps them in main memory."""

    def require_data(self) -> None:
        """Raises UserError where no scene is named or none is there: before a run has a folder."""
        if isinstance(self.dataparser, IdrDataParserConfig):
            require_scene(Path(self.data or self.dataparser.data), self.dataparser.cameras)


class SurfaceDataManager(VanillaDataManager[SurfaceDataset]):
    """nerfstudio's data manager over a flat pixel store, which takes images of any sizes and needs no image cache."""

    config: SurfaceDataManagerConfig

    def setup_train(self):
        self._refuse_unsupported()
        if self.local_rank == 0:
            tell_findings(self.train_dataparser_outputs, Path(self.config.data or self.config.dataparser.data))
        self.train_pixels = self._load(self.train_dataset)
        self.train_pixel_sampler = self._get_pixel_sampler(self.train_dataset, self.config.train_num_rays_per_batch)
        self.train_ray_generator = ray_generator(self.train_dataset.cameras.to(self.device)).to(self.device)

    def setup_eval(self):
        self.eval_pixels = self._load(self.eval_dataset)
        self.eval_pixel_sampler = self._get_pixel_sampler(self.eval_dataset, self.config.eval_num_rays_per_batch)
        self.eval_ray_generator = ray_generator(self.eval_dataset.cameras.to(self.device)).to(self.device)
        self.fixed_indices_eval_dataloader = FixedIndicesEvalDataloader(self.eval_dataset, device=self.device)
        self.eval_dataloader = RandIndicesEvalDataloader(self.eval_dataset, device=self.device)

    def next_train(self, step: int) -> tuple[RayBundle, dict]:
        self.train_count += 1
        return self._draw(self.train_pixel_sampler, self.train_pixels, self.train_ray_generator)

    def next_eval(self, step: int) -> tuple[RayBundle, dict]:
        self.eval_count += 1
        return self._draw(self.eval_pixel_sampler, self.eval_pixels, self.eval_ray_generator)

    def training_views(self) -> Views:
        """All training images with their cameras, on the device that holds the pixels."""
        pixels = getattr(self, "train_pixels", None) or self._load(self.train_dataset)
        cameras = self.train_dataset.cameras
        intrinsics, camera_to_scene = pinhole_matrices(cameras.to(pixels.colors.device))
        return Views(
            intrinsics=intrinsics,
            camera_to_scene=camera_to_scene,
            sizes=pixels.sizes,
            images=_stack(pixels, pixels.colors),
            foreground=None if pixels.foreground is None else _stack(pixels, pixels.foreground[:, None])[..., 0],
            is_pinhole=are_pinhole(cameras),
            world_from_scene=self.train_dataset.metadata["world_from_scene"],
        )

    def _refuse_unsupported(self) -> None:
        if "world_from_scene" not in self.train_dataparser_outputs.metadata:
            name = type(self.config.dataparser).__name__.removesuffix("Config")
            raise UserError(
                f"{name} does not say where the object is, which surface methods need. Name the same scene with the "
                "parser idr-data, which reads its layout too: ns-train METHOD idr-data --data "
                f"{self.config.dataparser.data}"
            )
        if self.config.patch_size > 1 or self.config.train_num_images_to_sample_from != -1:
            raise UserError(
                "Rays are drawn from all images, pixel by pixel: leave patch-size at 1 and "
                "train-num-images-to-sample-from at -1."
            )

    def _load(self, dataset: SurfaceDataset) -> PixelStore:
        return PixelStore.load(dataset, self.device if self.config.images_on_gpu else "cpu")

    def _draw(self, sampler: PixelSampler | None, pixels: PixelStore, rays_of: nn.Module) -> tuple[RayBundle, dict]:
        assert isinstance(sampler, SurfacePixelSampler)
        batch = {name: value.to(self.device) for name, value in sampler.sample(pixels).items()}
        return rays_of(batch["indices"]), batch


def _stack(pixels: PixelStore, values: Tensor) -> Tensor:
    """Flat values as images [views, h, w, channels]; a view of the same memory where all have one size."""
    height, width = pixels.sizes.amax(0).tolist()
    if bool((pixels.sizes == pixels.sizes[0]).all()):
        return values.view(-1, height, width, values.shape[1])
    images = values.split(pixels.sizes.prod(1).tolist())
    shaped = [image.view(h, w, -1) for image, (h, w) in zip(images, pixels.sizes.tolist(), strict=True)]
    return torch.stack([pad(image, (0, 0, 0, width - image.shape[1], 0, height - image.shape[0])) for image in shaped])
