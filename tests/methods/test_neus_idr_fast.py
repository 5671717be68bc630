"""The fast method as configured."""

import yaml

from idr_neus_plugins.methods.neus_idr import config as neus
from idr_neus_plugins.methods.neus_idr_fast import config, neus_idr_fast, neus_idr_fast_womask


def test_law_and_losses_are_those_of_neus():
    model = config.pipeline.model
    assert model.loss_coefficients == {**neus.pipeline.model.loss_coefficients, "mask": 0.05}  # see its comment
    assert model.final_loss_coefficients == {"mask": 0.15}
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
