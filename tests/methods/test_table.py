"""The table of methods: any law over any field before any background, with and without masks, is one composition."""

from __future__ import annotations

from itertools import product

import pytest
import torch
import yaml
from nerfstudio.data.scene_box import SceneBox

from idr_neus_plugins.fields.background import BackgroundConfig, InvertedSphereConfig
from idr_neus_plugins.fields.grid.background import GridBackgroundConfig
from idr_neus_plugins.fields.grid.density import GridDensityConfig
from idr_neus_plugins.fields.grid.geometry import GridGeometryConfig
from idr_neus_plugins.fields.grid.radiance import GridRadianceConfig
from idr_neus_plugins.fields.grid.sharpness import GridSharpnessConfig
from idr_neus_plugins.fields.hash.geometry import HashGeometryConfig
from idr_neus_plugins.fields.hash.layout import HashLevels
from idr_neus_plugins.fields.mlp import SdfMLPConfig
from idr_neus_plugins.fields.radiance import RadianceMLPConfig
from idr_neus_plugins.fields.sharpness import FixedSharpnessConfig, LearnedScaleConfig, LearnedSharpnessConfig
from idr_neus_plugins.laws.nerf import NerfLawConfig
from idr_neus_plugins.laws.neus import NeusLawConfig
from idr_neus_plugins.laws.unisurf import UnisurfLawConfig
from idr_neus_plugins.laws.volsdf import VolsdfLawConfig
from idr_neus_plugins.methods.nerf import nerf_fast
from idr_neus_plugins.methods.neus_idr_hash import neus_idr_hash
from idr_neus_plugins.methods.unisurf import unisurf, unisurf_fast
from idr_neus_plugins.methods.volsdf import volsdf, volsdf_fast
from idr_neus_plugins.models.surface_model import SurfaceModel, SurfaceModelConfig
from idr_neus_plugins.renderers.unisurf import UnisurfRendererConfig
from idr_neus_plugins.renderers.volume import VolumeRendererConfig
from idr_neus_plugins.samplers.band import BandSamplerConfig
from idr_neus_plugins.samplers.neus import NeusSamplerConfig
from idr_neus_plugins.samplers.unisurf import UnisurfBandSamplerConfig, UnisurfSamplerConfig
from idr_neus_plugins.samplers.volsdf import VolsdfSamplerConfig
from tests.models.test_surface_model import batch

EVEN = NeusSamplerConfig(coarse=8, fine=8, upsampling_steps=2)
VOXELS = GridSharpnessConfig()
GRID = {"resolutions": (16,), "starts": (0.0,), "engine": "reference"}

RENDERERS = {
    ("neus", "mlp"): VolumeRendererConfig(EVEN, NeusLawConfig(LearnedSharpnessConfig())),
    ("neus", "grid"): VolumeRendererConfig(BandSamplerConfig(), NeusLawConfig(VOXELS)),
    ("volsdf", "mlp"): VolumeRendererConfig(
        VolsdfSamplerConfig(coarse=16, rounds=1, fine=8, extra=4), VolsdfLawConfig(LearnedScaleConfig())
    ),
    ("volsdf", "grid"): VolumeRendererConfig(BandSamplerConfig(), VolsdfLawConfig(VOXELS)),
    ("unisurf", "mlp"): UnisurfRendererConfig(
        UnisurfSamplerConfig(marching=16, inside=8, before=4), UnisurfLawConfig(FixedSharpnessConfig())
    ),
    ("unisurf", "grid"): UnisurfRendererConfig(UnisurfBandSamplerConfig(), UnisurfLawConfig(VOXELS)),
    ("nerf", "mlp"): VolumeRendererConfig(EVEN, NerfLawConfig()),
    ("nerf", "grid"): VolumeRendererConfig(BandSamplerConfig(), NerfLawConfig()),
}
RENDERERS |= {(law, "hash"): renderer for (law, field), renderer in RENDERERS.items() if field == "mlp"}
HASH_GRID = HashLevels(levels=3, coarsest=4, finest=16, log2_rows=8)
FIELDS = {
    "mlp": (SdfMLPConfig(layers=2, width=64, octaves=2, features=8), RadianceMLPConfig(layers=1, width=16)),
    "grid": (GridGeometryConfig(**GRID), GridRadianceConfig(channels=4, width=16)),
    "hash": (
        HashGeometryConfig(grid=HASH_GRID, width=16, features=8, engine="reference"),
        RadianceMLPConfig(layers=1, width=16),
    ),
}
BACKGROUNDS = {
    "black": BackgroundConfig(),
    "nerf++": InvertedSphereConfig(samples=4, layers=2, width=16),
    "voxels": GridBackgroundConfig(samples=4, resolution=12, engine="reference"),
}
READOUTS = {"neus": {"inv_s"}, "volsdf": {"beta"}, "unisurf": {"inv_s", "interval"}, "nerf": set()}


def compose(law: str, field: str, background: str) -> SurfaceModel:
    torch.manual_seed(0)
    geometry, radiance = FIELDS[field]
    losses = {"rgb": 1.0, "mask": 0.1, "eikonal": 0.1, "normals": 0.005}
    if law == "nerf" and field == "grid":
        geometry, losses = GridDensityConfig(**GRID), {"rgb": 1.0, "mask": 0.1}
    config = SurfaceModelConfig(
        geometry=geometry,
        radiance=radiance,
        renderer=RENDERERS[law, field],
        background=BACKGROUNDS[background],
        masks="optional",
        loss_coefficients=losses,
    )
    box = SceneBox(torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]]))
    return config.setup(scene_box=box, num_train_data=1, metadata={})


def losses_of(model: SurfaceModel, rays, measured: dict) -> tuple[dict, dict]:
    """Outputs and losses; the same samples at every call."""
    torch.manual_seed(1)
    outputs = model.train()(rays)
    return outputs, model.get_loss_dict(outputs, measured)


@pytest.mark.parametrize("masks", [True, False])
@pytest.mark.parametrize("law, field, background", product(READOUTS, FIELDS, BACKGROUNDS))
def test_every_composition_takes_a_step_downhill(law, field, background, masks):
    model, (rays, measured) = compose(law, field, background), batch(64)
    if not masks:
        del measured["foreground"]
    with torch.no_grad():
        for parameter in model.geometry.parameters():  # a density starts constant, and so without normals
            parameter.add_(0.01 * torch.randn_like(parameter))
    outputs, losses = losses_of(model, rays, measured)
    assert ("mask" in losses) is masks and ("normals" in losses) is (law == "unisurf")
    before = sum(losses.values())
    before.backward()
    trained = {name: [p for p in group if p.grad is not None] for name, group in model.get_param_groups().items()}
    assert all(trained.values()), "a group without gradients"
    parameters = [p for group in trained.values() for p in group]
    steepness = sum(float(p.grad.square().sum()) for p in parameters)
    step = torch.optim.SGD(parameters, lr=1e-3 * float(before.detach()) / steepness)  # a thousandth of the loss
    step.step()
    after = sum(losses_of(model, rays, measured)[1].values())
    assert float(after.detach()) < float(before.detach())
    assert model.get_metrics_dict(outputs, measured).keys() - {"psnr"} == READOUTS[law]
    assert all(value.isfinite().all() for value in model.state_dict().values())


@pytest.mark.parametrize("law, field", [key for key in RENDERERS if key[0] == "unisurf"])
def test_unisurf_shows_both_its_renderings(law, field):
    model, (rays, _) = compose(law, field, "voxels").eval(), batch(50)
    with torch.no_grad():
        outputs = model(rays)
    assert outputs["surface_rgb"].shape == outputs["rgb"].shape == (50, 3)
    assert not torch.equal(outputs["surface_rgb"], outputs["rgb"])
    assert "normal_pairs" not in outputs


@pytest.mark.parametrize("field", FIELDS)
def test_a_checkpoint_renders_the_same(field):
    trained, fresh = compose("unisurf", field, "voxels"), compose("unisurf", field, "voxels")
    with torch.no_grad():
        for parameter in trained.parameters():
            parameter.add_(0.01 * torch.randn_like(parameter))
    trained.set_progress(0.6)
    fresh.load_state_dict(trained.state_dict())
    rays = batch(50)[0]
    with torch.no_grad():
        assert torch.equal(fresh.eval()(rays)["rgb"], trained.eval()(rays)["rgb"])
    assert fresh.renderer.readouts() == trained.renderer.readouts()


@pytest.mark.parametrize("method", [volsdf, volsdf_fast, unisurf, unisurf_fast, nerf_fast, neus_idr_hash])
def test_methods_are_named_after_their_entry_points_and_survive_the_config_file(method):
    from importlib.metadata import entry_points

    (point,) = entry_points(group="nerfstudio.method_configs", name=method.config.method_name)
    assert point.load() is method
    assert yaml.load(yaml.dump(method.config), Loader=yaml.Loader) == method.config


def test_settings_are_those_of_the_papers():
    sampler = unisurf.config.pipeline.model.renderer.sampler
    assert (sampler.marching, sampler.secant, sampler.inside, sampler.before) == (256, 8, 64, 32)
    assert (sampler.interval.start, sampler.interval.end) == (2.0, 0.1)
    assert unisurf.config.pipeline.model.loss_coefficients == {"rgb": 1.0, "normals": 0.005}
    assert unisurf.config.optimizers["geometry"]["optimizer"].lr == 1e-4
    drops = unisurf.config.optimizers["geometry"]["scheduler"].at
    assert [round(drop * 450_000) for drop in drops] == [196_000, 392_000]
    sampler, law = volsdf.config.pipeline.model.renderer.sampler, volsdf.config.pipeline.model.renderer.law
    assert (sampler.coarse, sampler.rounds, sampler.epsilon, sampler.fine, sampler.extra) == (128, 5, 0.1, 64, 32)
    assert law.sharpness.start == 0.1
    for method in (unisurf, volsdf):
        assert method.config.pipeline.datamanager.train_num_rays_per_batch == 1024
        assert method.config.pipeline.datamanager.pixel_sampler.foreground_fraction == 0.0
        assert method.config.pipeline.model.masks == "ignored"


def test_fast_methods_differ_in_law_and_placement_only():
    fast = [method.config.pipeline.model for method in (volsdf_fast, unisurf_fast, nerf_fast)]
    assert all(model.background == fast[0].background and model.masks == "optional" for model in fast)
    assert fast[0].geometry == fast[1].geometry and fast[0].radiance == fast[1].radiance == fast[2].radiance
