"""One thing grows at a time, and the figures are those of ``bench step``."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from PIL import Image

from idr_neus_plugins.benchmarks.step_timing import Timing, config_of
from idr_neus_plugins.cli import bench_growth
from idr_neus_plugins.cli.bench_growth import BenchGrowth, in_own_process
from idr_neus_plugins.data.few_views import FewViewsConfig
from idr_neus_plugins.data.idr_dataparser import IdrDataParserConfig
from idr_neus_plugins.errors import UserError


@pytest.fixture
def in_this_process(monkeypatch):
    monkeypatch.setattr(bench_growth, "in_own_process", lambda function, *arguments: function(*arguments))


def test_more_rays_are_more_samples(tiny_scene):
    timing = Timing(steps=1, warmup=0, progress=0.0)
    few, many = (bench_growth.measure("neus-idr-fast", tiny_scene, "rays", rays, timing) for rays in (64, 256))
    assert many["samples_per_step"] == pytest.approx(4 * few["samples_per_step"], rel=0.5)
    assert few["ms_per_step"] == pytest.approx(1e3 * 64 / few["rays_per_second"])


def test_what_is_said_to_grow_grows():
    config = config_of("neus-idr-fast")
    bench_growth._sections(config, 2.0)
    bench_growth._resolution(config, 96)
    assert (
        config.pipeline.model.renderer.sampler.step
        == 0.5 * config_of("neus-idr-fast").pipeline.model.renderer.sampler.step
    )
    assert (config.pipeline.model.geometry.resolutions, config.pipeline.model.geometry.starts) == ((96,), (0.0,))
    config = config_of("neus-idr")
    bench_growth._sections(config, 0.5)
    assert (config.pipeline.model.renderer.sampler.coarse, config.pipeline.model.renderer.sampler.fine) == (32, 32)


def test_a_share_of_the_views(tiny_scene):
    whole = IdrDataParserConfig(data=tiny_scene).setup().get_dataparser_outputs("train")
    part = FewViewsConfig(data=tiny_scene, share=0.5).setup().get_dataparser_outputs("train")
    assert len(part.cameras) == len(whole.cameras) // 2
    assert part.image_filenames == whole.image_filenames[: len(part.cameras)]


def test_table_and_picture(tiny_scene, tmp_path, in_this_process, monkeypatch):
    found = {"ms_per_step": 2.0, "samples_per_step": 4000.0, "us_per_sample": 0.5, "peak_mb": 900.0}
    monkeypatch.setattr(bench_growth, "measure", lambda *_: found)
    BenchGrowth(tiny_scene, output=tmp_path, rays=(256, 512), sections=(), images=(0.5,)).main()
    table = (tmp_path / "growth.md").read_text()
    assert (
        "| rays in a step | 512 | 4,000 | 2.0 | 0.50 | 900 |" in table and "share of the training views | 0.5" in table
    )
    content = json.loads((tmp_path / "growth.json").read_text())
    assert list(content) == ["rays", "resolutions", "images", "provenance"] and list(content["rays"]) == ["256", "512"]
    assert np.asarray(Image.open(tmp_path / "growth.png")).std() > 0

    BenchGrowth(tiny_scene, method="idr", output=tmp_path, rays=(256,)).main()
    assert list(json.loads((tmp_path / "growth.json").read_text())) == ["rays", "images", "provenance"]


def test_each_measurement_has_its_own_process():
    assert in_own_process(os.getpid) != os.getpid()


def test_bad_input(tiny_scene, tmp_path):
    with pytest.raises(UserError, match="no method 'neus'"):
        BenchGrowth(tiny_scene, method="neus").main()
    with pytest.raises(UserError, match="above 0"):
        BenchGrowth(tiny_scene, output=tmp_path, images=(2.0,)).main()
    with pytest.raises(UserError, match="between 0 and 1"):
        BenchGrowth(tiny_scene, output=tmp_path, progress=-1.0).main()
