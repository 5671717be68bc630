"""``idr-neus eval``: the scores, one file each, collected here."""

from __future__ import annotations

from typing import Annotated, Union

import tyro

from idr_neus_plugins.cli.eval_cameras import EvalCameras
from idr_neus_plugins.cli.eval_images import EvalImages
from idr_neus_plugins.cli.eval_mesh import EvalMesh
from idr_neus_plugins.cli.eval_pose import EvalPose
from idr_neus_plugins.cli.eval_shapes import EvalShapes
from idr_neus_plugins.cli.eval_trajectory import EvalTrajectory

Eval = Union[  # noqa: UP007 (tyro wants a type that Annotated can hold)
    Annotated[EvalMesh, tyro.conf.subcommand("mesh")],
    Annotated[EvalImages, tyro.conf.subcommand("images")],
    Annotated[EvalCameras, tyro.conf.subcommand("cameras")],
    Annotated[EvalShapes, tyro.conf.subcommand("shapes")],
    Annotated[EvalPose, tyro.conf.subcommand("pose")],
    Annotated[EvalTrajectory, tyro.conf.subcommand("trajectory")],
]
