"""``idr-neus``: what has no home in nerfstudio's commands. Each command is its own file; here they are collected."""

from __future__ import annotations

from typing import Annotated, Union

import tyro

from idr_neus_plugins.cli.bench import Bench
from idr_neus_plugins.cli.compare import Compare
from idr_neus_plugins.cli.convert import Convert
from idr_neus_plugins.cli.doctor import Doctor
from idr_neus_plugins.cli.drop import Drop
from idr_neus_plugins.cli.egomotion import EstimateEgomotion
from idr_neus_plugins.cli.eval import Eval
from idr_neus_plugins.cli.import_shapes import ImportShapes
from idr_neus_plugins.cli.make_poses import MakePoses
from idr_neus_plugins.cli.make_shapes import MakeShapes
from idr_neus_plugins.cli.normalize import Normalize
from idr_neus_plugins.cli.prepare import Prepare
from idr_neus_plugins.cli.reconstruct import Reconstruct
from idr_neus_plugins.cli.report import Report
from idr_neus_plugins.cli.run_recipe import RunRecipe
from idr_neus_plugins.cli.sample_scene import SampleScene
from idr_neus_plugins.cli.transfer import Transfer
from idr_neus_plugins.cli.turntable import Turntable
from idr_neus_plugins.cli.view_meshes import ViewMeshes
from idr_neus_plugins.command import command

Commands = Union[  # noqa: UP007 (tyro wants a type that Annotated can hold)
    Annotated[SampleScene, tyro.conf.subcommand("sample-scene")],
    Annotated[Convert, tyro.conf.subcommand("convert")],
    Annotated[Turntable, tyro.conf.subcommand("turntable")],
    Annotated[ViewMeshes, tyro.conf.subcommand("view")],
    Annotated[Normalize, tyro.conf.subcommand("normalize")],
    Annotated[Prepare, tyro.conf.subcommand("prepare")],
    Annotated[Doctor, tyro.conf.subcommand("doctor")],
    Annotated[Eval, tyro.conf.subcommand("eval", description="Scores of a mesh or of held-out views.")],
    Annotated[MakeShapes, tyro.conf.subcommand("make-shapes")],
    Annotated[MakePoses, tyro.conf.subcommand("make-poses")],
    Annotated[ImportShapes, tyro.conf.subcommand("import-shapes")],
    Annotated[Reconstruct, tyro.conf.subcommand("reconstruct")],
    Annotated[Drop, tyro.conf.subcommand("drop")],
    Annotated[EstimateEgomotion, tyro.conf.subcommand("egomotion")],
    Annotated[Transfer, tyro.conf.subcommand("transfer")],
    Annotated[Bench, tyro.conf.subcommand("bench", description="Time and memory.")],
    Annotated[RunRecipe, tyro.conf.subcommand("run")],
    Annotated[Report, tyro.conf.subcommand("report")],
    Annotated[Compare, tyro.conf.subcommand("compare")],
]


def entrypoint() -> None:
    """The console script."""
    with command():
        tyro.cli(Commands, prog="idr-neus").main()


if __name__ == "__main__":
    entrypoint()
