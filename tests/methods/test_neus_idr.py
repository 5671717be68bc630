"""The configuration against the paper's figures."""

import yaml

from idr_neus_plugins.fields.background import InvertedSphereConfig
from idr_neus_plugins.methods.neus_idr import config, config_without_masks, neus_idr, neus_idr_womask


def test_settings_are_those_of_the_paper():
    model = config.pipeline.model
    geometry = model.geometry
    assert (geometry.layers, geometry.width, geometry.octaves, geometry.radius) == (8, 256, 6, 0.5)
    sampler = model.renderer.sampler
    assert (sampler.coarse, sampler.fine, sampler.upsampling_steps) == (64, 64, 4)
    assert model.loss_coefficients == {"rgb": 1.0, "eikonal": 0.1, "mask": 0.1}
    assert config.max_num_iterations == 300_000
    assert config.pipeline.datamanager.train_num_rays_per_batch == 512
    assert all(group["optimizer"].lr == 5e-4 for group in config.optimizers.values())


def test_without_masks_differs_where_the_paper_says():
    model, masked = config_without_masks.pipeline.model, config.pipeline.model
    assert isinstance(model.background, InvertedSphereConfig) and model.background.samples == 32
    assert "mask" not in model.loss_coefficients and model.masks == "ignored"
    assert model.renderer.law.anneal_end == 50_000 / 300_000 and masked.renderer.law.anneal_end == 0.0
    assert config_without_masks.pipeline.datamanager.pixel_sampler.foreground_fraction == 0.0
    assert model.geometry == masked.geometry and model.renderer.sampler == masked.renderer.sampler


def test_methods_are_named_and_survive_the_config_file():
    for method, name in ((neus_idr, "neus-idr"), (neus_idr_womask, "neus-idr-womask")):
        assert method.config.method_name == name
        assert yaml.load(yaml.dump(method.config), Loader=yaml.Loader) == method.config
