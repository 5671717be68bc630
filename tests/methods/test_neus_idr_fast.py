"""The fast method as configured, and a short training that must find the sample scene's surface."""

from copy import deepcopy

import pytest
import torch
import yaml
from nerfstudio.engine.optimizers import Optimizers

from idr_neus_plugins.methods.neus_idr import config as neus
from idr_neus_plugins.methods.neus_idr_fast import config, neus_idr_fast, neus_idr_fast_womask

STEPS = 150


def test_law_and_losses_are_those_of_neus():
    assert config.pipeline.model.loss_coefficients == neus.pipeline.model.loss_coefficients
    assert type(config.pipeline.model.renderer.law) is type(neus.pipeline.model.renderer.law)
    assert config.pipeline.model.masks == "optional"


def test_it_is_named_and_survives_the_config_file():
    for method, name in ((neus_idr_fast, "neus-idr-fast"), (neus_idr_fast_womask, "neus-idr-fast-womask")):
        assert method.config.method_name == name
        assert yaml.load(yaml.dump(method.config), Loader=yaml.Loader) == method.config


def test_without_masks_it_looks_everywhere_and_ignores_them():
    without = neus_idr_fast_womask.config.pipeline
    assert without.datamanager.pixel_sampler.foreground_fraction == 0.0 and without.model.masks == "ignored"
    assert without.model.renderer == config.pipeline.model.renderer


@pytest.fixture(scope="module")
def surface_points(tiny_scene) -> torch.Tensor:
    """Points of the exact surface, scene units."""
    import numpy as np
    import trimesh

    points = trimesh.load(tiny_scene / "surface.ply", process=False).sample(2000, seed=0)
    scene_from_world = np.linalg.inv(np.load(tiny_scene / "cameras_sphere.npz")["scale_mat_0"])
    return torch.from_numpy(points @ scene_from_world[:3, :3].T + scene_from_world[:3, 3]).float()


@pytest.mark.parametrize("engine", ["numba", "reference"])
def test_a_short_training_finds_the_surface(tiny_scene, surface_points, engine):
    torch.manual_seed(0)
    tiny = deepcopy(config)
    tiny.pipeline.model.geometry.engine = engine
    tiny.pipeline.datamanager.data = tiny_scene
    tiny.pipeline.datamanager.train_num_rays_per_batch = 256
    geometry = tiny.pipeline.model.geometry
    geometry.resolutions, geometry.starts = (24, 32, 48), (0.0, 0.3, 0.6)
    pipeline = tiny.pipeline.setup(device="cpu", test_mode="val")
    model, optimizers = pipeline.model, Optimizers(tiny.optimizers, pipeline.get_param_groups())
    for part in model.parts:
        part.initialise(pipeline.datamanager.training_views())
    started = model.sdf(surface_points).abs().median()
    for step in range(STEPS):
        model.set_progress(step / (STEPS - 1))
        optimizers.zero_grad_all()
        _, losses, _ = pipeline.get_train_loss_dict(step)
        sum(losses.values()).backward()
        optimizers.optimizer_step_all()
    found = model.sdf(surface_points).abs().median()
    assert found < 0.02 and found < 0.7 * started
