"""The doctor's brief form, at the start of every training: seconds, a few views, no pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from nerfstudio.cameras.cameras import Cameras, CameraType
from nerfstudio.data.dataparsers.base_dataparser import DataparserOutputs
from nerfstudio.utils.rich_utils import CONSOLE

from idr_neus_plugins.data.doctor import cameras as camera_checks
from idr_neus_plugins.data.doctor import masks as mask_checks
from idr_neus_plugins.data.doctor import photographs, region
from idr_neus_plugins.data.doctor.checks import Check, examine
from idr_neus_plugins.data.doctor.examination import Examination
from idr_neus_plugins.data.doctor.finding import Finding
from idr_neus_plugins.data.formats.reading import from_foreign_scene
from idr_neus_plugins.data.handed_over import ForeignScene

VIEWS, PAIRS = 12, 6

CHECKS: tuple[Check, ...] = (
    camera_checks.check_directions,
    region.check_cameras_outside,
    region.check_region_size,
    mask_checks.check_coverage,
    mask_checks.check_alignment,
    photographs.check_doubles,
    camera_checks.check_conventions,
)


def brief_findings(outputs: DataparserOutputs, name: str) -> list[Finding]:
    """What a look at a dozen neighbouring views of a parsed scene shows. Lenses other than pinholes are passed over."""
    lenses = outputs.cameras.distortion_params
    bent = lenses is not None and bool(lenses.any())
    if bent or bool((outputs.cameras.camera_type != CameraType.PERSPECTIVE.value).any()):
        return []
    whole = replace(outputs, cameras=_for_files(outputs.cameras, outputs.metadata["shrink"]))
    masks = outputs.metadata.get("foreground_filenames")
    scene = from_foreign_scene(ForeignScene(whole, masks, np.eye(4), parsed_from_scene=np.eye(4)))
    few = replace(scene, views=tuple(scene.views[i] for i in spread_pairs(scene_directions(outputs))))
    return examine(Examination(few, name, PAIRS, outputs.metadata.get("foreground_in_alpha", False)), CHECKS)


def tell_findings(outputs: DataparserOutputs, data: Path) -> None:
    """Prints the findings, if there are any, and where to read more."""
    found = brief_findings(outputs, str(data))
    for finding in found:
        CONSOLE.print(f"[bold yellow]{finding.check}[/]: {finding.evidence}", soft_wrap=True)
    if found:
        CONSOLE.print(f"Evidence, pictures and fixes: idr-neus doctor {data}", soft_wrap=True)


def _for_files(cameras: Cameras, shrink: float) -> Cameras:
    """The cameras of the files as they lie on disk, of which training may see reduced ones."""
    if shrink == 1:
        return cameras
    focal = {name: getattr(cameras, name) * shrink for name in ("fx", "fy", "cx", "cy")}
    sizes = {name: (getattr(cameras, name) * shrink).long() for name in ("height", "width")}
    return replace(cameras, **focal, **sizes)


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
