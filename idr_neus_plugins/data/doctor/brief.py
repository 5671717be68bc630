"""The doctor's brief form, at the start of every training: seconds, a few views, no pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from nerfstudio.data.dataparsers.base_dataparser import DataparserOutputs
from nerfstudio.utils.rich_utils import CONSOLE
from rich.markup import escape

from idr_neus_plugins.data.doctor import cameras as camera_checks
from idr_neus_plugins.data.doctor import masks as mask_checks
from idr_neus_plugins.data.doctor import photographs, region
from idr_neus_plugins.data.doctor.checks import Check, examine
from idr_neus_plugins.data.doctor.examination import Examination
from idr_neus_plugins.data.doctor.finding import Finding
from idr_neus_plugins.data.formats.scene import PosedScene
from idr_neus_plugins.data.outputs import views_of
from idr_neus_plugins.data.views import are_pinhole

VIEWS, PAIRS = 12, 6

OF_ANY_LENS: tuple[Check, ...] = (
    camera_checks.check_same_places,
    region.check_cameras_outside,
    mask_checks.check_coverage,
)
CHECKS: tuple[Check, ...] = (
    region.check_region_size,
    mask_checks.check_alignment,
    photographs.check_doubles,
    camera_checks.check_conventions,
)


def brief_findings(outputs: DataparserOutputs, name: str) -> list[Finding]:
    """What a look at the cameras and masks of a parsed scene shows, and at the pictures of a dozen neighbouring views.

    Checks that follow rays are left out for lenses other than pinholes.
    """
    numbers = tuple(outputs.metadata["view_indices"])
    in_alpha = outputs.metadata.get("foreground_in_alpha", False)
    views = views_of(outputs)
    whole = Examination(PosedScene(views, np.eye(4)), name, PAIRS, in_alpha, numbers)
    if not are_pinhole(outputs.cameras):
        return examine(whole, OF_ANY_LENS)
    some = spread_pairs(scene_directions(outputs))
    few = Examination(
        PosedScene(tuple(views[i] for i in some), np.eye(4)), name, PAIRS, in_alpha, tuple(numbers[i] for i in some)
    )
    return examine(whole, (camera_checks.check_directions, *OF_ANY_LENS)) + examine(few, CHECKS)


def tell_findings(outputs: DataparserOutputs, data: Path) -> None:
    """Prints the findings, if there are any, and where to read more."""
    found = brief_findings(outputs, str(data))
    for finding in found:
        CONSOLE.print(f"[bold yellow]{finding.check}[/]: {escape(finding.evidence)}", soft_wrap=True)
    if found:
        CONSOLE.print(f"Evidence, pictures and fixes: idr-neus doctor {data}", soft_wrap=True, markup=False)


def scene_directions(outputs: DataparserOutputs) -> np.ndarray:
    """Where each camera looks, [views, 3]."""
    return -outputs.cameras.camera_to_worlds[:, :, 2].double().numpy()


def spread_pairs(directions: np.ndarray) -> list[int]:
    """Up to a dozen views: evenly chosen ones, each with the view that looks most alike."""
    chosen: dict[int, None] = {}
    for view in np.linspace(0, len(directions) - 1, VIEWS // 2).astype(int).tolist():
        alike = directions @ directions[view]
        alike[[view, *chosen]] = -np.inf
        chosen |= {view: None, int(alike.argmax()): None}
    return sorted(chosen)
