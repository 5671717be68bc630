"""IDR's configuration against the paper's figures, and a short training over the grid that must find the surface."""

from copy import deepcopy

import numpy as np
import pytest
import torch
import yaml
from nerfstudio.engine.optimizers import Optimizers

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.methods import unisurf, volsdf
from idr_neus_plugins.methods.idr import config, idr, idr_cameras
from idr_neus_plugins.methods.idr_fast import config as fast
from idr_neus_plugins.methods.idr_fast import config_with_cameras as fast_with_cameras
from idr_neus_plugins.methods.idr_fast import idr_fast, idr_fast_cameras
from idr_neus_plugins.methods.neus_idr import config as neus
from idr_neus_plugins.methods.neus_idr_fast import config as neus_fast
from idr_neus_plugins.samplers.tracer import SphereTracerConfig

STEPS = 150


def test_settings_are_those_of_the_paper():
    model = config.pipeline.model
    geometry, radiance, renderer = model.geometry, model.radiance, model.renderer
    assert (geometry.layers, geometry.width, geometry.octaves, geometry.features) == (8, 512, 6, 256)
    assert geometry.radius == 0.6 and (radiance.layers, radiance.width, radiance.octaves) == (4, 512, 4)
    assert isinstance(renderer.tracer, SphereTracerConfig)
    tracing = renderer.tracer.settings
    assert (tracing.iterations, tracing.threshold, tracing.samples, tracing.secant_steps) == (10, 5e-5, 100, 8)
    assert renderer.alpha == 50.0 and renderer.alpha_doublings == (0.125, 0.25, 0.375, 0.5, 0.625)
    # The released rgb loss is over colours in [-1, 1], twice as far apart.
    assert model.loss_coefficients == {"surface_rgb": 2.0, "eikonal": 0.1, "soft_mask": 100.0}
    assert config.pipeline.datamanager.train_num_rays_per_batch == 2048
    assert config.optimizers["geometry"]["optimizer"].lr == 1e-4


def test_trained_cameras_are_the_same_method_with_a_switch():
    for method, plain in ((idr_cameras.config, config), (fast_with_cameras, fast)):
        assert method.pipeline.model.camera_optimizer.mode == "SE3"
        assert plain.pipeline.model.camera_optimizer.mode == "off"
        assert method.pipeline.datamanager.dataparser.cameras == "cameras_linear_init.npz"
        assert method.pipeline.model.radiance == plain.pipeline.model.radiance


@pytest.mark.parametrize("method", [neus, neus_fast, volsdf.config, unisurf.config, config, fast])
def test_every_method_can_train_its_cameras(method):
    assert method.optimizers["camera_opt"]["scheduler"].rest >= 0.0


def test_methods_are_named_and_survive_the_config_file():
    for method, name in (
        (idr, "idr"),
        (idr_cameras, "idr-cameras"),
        (idr_fast, "idr-fast"),
        (idr_fast_cameras, "idr-fast-cameras"),
    ):
        assert method.config.method_name == name
        assert yaml.load(yaml.dump(method.config), Loader=yaml.Loader) == method.config


def tiny(of, scene):
    """The method on a tiny scene, over a grid to match, and its optimisers; started."""
    torch.manual_seed(0)
    small = deepcopy(of)
    small.pipeline.datamanager.data = scene
    small.pipeline.datamanager.train_num_rays_per_batch = 256
    geometry = small.pipeline.model.geometry
    geometry.resolutions, geometry.starts = (24, 32, 48), (0.0, 0.3, 0.6)
    pipeline = small.pipeline.setup(device="cpu", test_mode="val")
    for part in pipeline.model.components:
        part.initialise(pipeline.datamanager.training_views())
    return pipeline, Optimizers(small.optimizers, pipeline.get_param_groups())


def step(pipeline, optimizers, number: int, progress: float) -> dict:
    pipeline.model.set_progress(progress)
    optimizers.zero_grad_all()
    _, losses, _ = pipeline.get_train_loss_dict(number)
    sum(losses.values()).backward()
    optimizers.optimizer_step_all()
    return losses


@pytest.fixture(scope="module")
def surface_points(tiny_scene) -> torch.Tensor:
    """Points of the exact surface, scene units."""
    import trimesh

    points = trimesh.load(tiny_scene / "surface.ply", process=False).sample(2000, seed=0)
    scene_from_world = np.linalg.inv(np.load(tiny_scene / "cameras_sphere.npz")["scale_mat_0"])
    return torch.from_numpy(points @ scene_from_world[:3, :3].T + scene_from_world[:3, 3]).float()


def test_a_short_training_finds_the_surface(tiny_scene, surface_points):
    pipeline, optimizers = tiny(fast, tiny_scene)
    started = pipeline.model.surface().sdf(surface_points).abs().median()
    for number in range(STEPS):
        losses = step(pipeline, optimizers, number, number / (STEPS - 1))
    found = pipeline.model.surface().sdf(surface_points).abs().median()
    assert found < 0.02 and found < 0.7 * started
    assert set(losses) >= {"surface_rgb", "eikonal", "soft_mask"}
    _, held_out, _ = pipeline.get_eval_loss_dict(STEPS)  # nerfstudio's trainer sums these, and needs at least one
    assert set(held_out) == {"surface_rgb"}


def test_cameras_move_while_training_and_only_when_switched_on(tiny_scene):
    pipeline, optimizers = tiny(fast_with_cameras, tiny_scene)
    cameras = pipeline.model.camera_optimizer
    for scheduler in optimizers.schedulers.values():
        scheduler.progress = 0.5
    optimizers.scheduler_step_all(0)
    for number in range(3):
        step(pipeline, optimizers, number, 0.5)
    moved = (cameras.refined() - cameras.start).detach().flatten(1).norm(dim=1)
    assert len(moved) == 8 and 1e-5 < float(moved.min()) and float(moved.max()) < 0.1


def test_without_masks_it_says_what_it_needs(tiny_scene):
    pipeline, _ = tiny(fast, tiny_scene)
    bundle, batch = pipeline.datamanager.next_train(0)
    del batch["foreground"]
    with pytest.raises(UserError, match="needs foreground masks"):
        pipeline.model.get_loss_dict(pipeline.model(bundle), batch)
