"""Short trainings of the fast methods that must find the sample scene's surface."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest
import torch
from nerfstudio.engine.optimizers import Optimizers
from nerfstudio.engine.trainer import TrainerConfig
from nerfstudio.plugins.types import MethodSpecification

from idr_neus_plugins.fields.hash.layout import HashLevels
from idr_neus_plugins.methods.nerf import nerf_fast
from idr_neus_plugins.methods.neus_idr_fast import neus_idr_fast
from idr_neus_plugins.methods.neus_idr_hash import neus_idr_hash
from idr_neus_plugins.methods.unisurf import unisurf_fast
from idr_neus_plugins.methods.volsdf import volsdf_fast
from idr_neus_plugins.models.surface_model import SurfaceModel

STEPS = 150


@pytest.fixture(scope="module")
def surface_points(tiny_scene) -> torch.Tensor:
    """Points of the exact surface, scene units."""
    import numpy as np
    import trimesh

    points = trimesh.load(tiny_scene / "surface.ply", process=False).sample(2000, seed=0)
    scene_from_world = np.linalg.inv(np.load(tiny_scene / "cameras_sphere.npz")["scale_mat_0"])
    return torch.from_numpy(points @ scene_from_world[:3, :3].T + scene_from_world[:3, 3]).float()


@pytest.fixture(scope="module")
def scene_before_a_backdrop(tmp_path_factory) -> Path:
    """The same solid on a ground, and no masks."""
    from idr_neus_plugins.data.sample_scene import SampleSceneOptions, write_sample_scene

    folder = tmp_path_factory.mktemp("sample") / "unmasked"
    options = SampleSceneOptions(views=12, size=64, mesh_resolution=32, masks=False, background=True)
    write_sample_scene(folder, options)
    return folder


def small(method: MethodSpecification, scene: Path, rays: int) -> TrainerConfig:
    config = deepcopy(method.config)
    config.pipeline.datamanager.data = scene
    config.pipeline.datamanager.train_num_rays_per_batch = rays
    geometry = config.pipeline.model.geometry
    geometry.resolutions, geometry.starts = (24, 32, 48), (0.0, 0.3, 0.6)
    config.pipeline.model.background.resolution = 32
    return config


@torch.no_grad()
def values(model: SurfaceModel, points: torch.Tensor) -> torch.Tensor:
    """Of the geometry, which may be a density."""
    return model.geometry.sdf(points)


def train(config: TrainerConfig, points: torch.Tensor) -> tuple[SurfaceModel, float, list[float]]:
    """The trained model, median distance of its start from the surface, and the colour loss of every step."""
    torch.manual_seed(0)
    pipeline = config.pipeline.setup(device="cpu", test_mode="val")
    model, optimizers = pipeline.model, Optimizers(config.optimizers, pipeline.get_param_groups())
    for part in model.components:
        part.initialise(pipeline.datamanager.training_views())
    started, colors = float(values(model, points).abs().median()), []
    for step in range(STEPS):
        model.set_progress(step / (STEPS - 1))
        optimizers.zero_grad_all()
        _, losses, _ = pipeline.get_train_loss_dict(step)
        sum(losses.values()).backward()
        optimizers.optimizer_step_all()
        colors.append(float(losses["rgb"]))
    return model, started, colors


@pytest.mark.parametrize(
    "method, engine, share",
    [
        (neus_idr_fast, "numba", 0.7),
        (neus_idr_fast, "reference", 0.7),
        (volsdf_fast, "auto", 0.7),
        (unisurf_fast, "auto", 0.8),
    ],
)
def test_with_masks_it_comes_nearer_to_the_surface_than_the_hull_is(method, engine, share, tiny_scene, surface_points):
    config = small(method, tiny_scene, rays=256)
    config.pipeline.model.geometry.engine = engine
    model, started, _ = train(config, surface_points)
    found = float(values(model, surface_points).abs().median())
    assert found < share * started, (started, found)


@pytest.mark.parametrize("method", [neus_idr_fast, unisurf_fast])
def test_without_masks_the_surface_comes_nearer_and_the_backdrop_appears(
    method, scene_before_a_backdrop, surface_points
):
    model, started, colors = train(small(method, scene_before_a_backdrop, rays=256), surface_points)
    found = float(values(model, surface_points).abs().median())
    assert found < 0.8 * started, (started, found)
    assert sum(colors[-20:]) < 0.7 * sum(colors[:20])


def test_a_hash_grid_finds_the_surface_without_masks(scene_before_a_backdrop, surface_points):
    config = deepcopy(neus_idr_hash.config)
    config.pipeline.datamanager.data = scene_before_a_backdrop
    config.pipeline.datamanager.train_num_rays_per_batch = 128
    model = config.pipeline.model
    model.geometry.grid = HashLevels(levels=8, coarsest=8, finest=128, log2_rows=14)
    model.renderer.sampler.coarse = model.renderer.sampler.fine = 16
    model.background.resolution = 32
    trained, started, colors = train(config, surface_points)
    found = float(values(trained, surface_points).abs().median())
    assert found < 0.6 * started, (started, found)
    assert sum(colors[-20:]) < 0.7 * sum(colors[:20])


def test_a_density_gathers_in_the_object(tiny_scene, surface_points):
    model, _, colors = train(small(nerf_fast, tiny_scene, rays=256), surface_points)
    outside = torch.nn.functional.normalize(torch.randn(500, 3), dim=1) * 0.95
    at_surface, in_free_space = (float(values(model, points).median()) for points in (surface_points, outside))
    assert at_surface < in_free_space - 1.0, "density is not e times larger where the surface is"
    assert sum(colors[-20:]) < 0.7 * sum(colors[:20])
