"""``idr-neus bench``: time and memory, one file each, collected here."""

from __future__ import annotations

from typing import Annotated, Union

import tyro

from idr_neus_plugins.cli.bench_growth import BenchGrowth
from idr_neus_plugins.cli.bench_live import BenchLive
from idr_neus_plugins.cli.bench_quality import BenchQuality
from idr_neus_plugins.cli.bench_score import BenchScore
from idr_neus_plugins.cli.bench_step import BenchStep

Bench = Union[  # noqa: UP007 (tyro wants a type that Annotated can hold)
    Annotated[BenchStep, tyro.conf.subcommand("step")],
    Annotated[BenchGrowth, tyro.conf.subcommand("growth")],
    Annotated[BenchLive, tyro.conf.subcommand("live")],
    Annotated[BenchQuality, tyro.conf.subcommand("quality")],
    Annotated[BenchScore, tyro.conf.subcommand("score")],
]
