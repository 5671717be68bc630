"""All checks, and running them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from idr_neus_plugins.data.doctor import cameras, half_pixel, masks, photographs, region
from idr_neus_plugins.data.doctor.examination import Examination
from idr_neus_plugins.data.doctor.finding import Finding

Check = Callable[[Examination], list[Finding]]

CHECKS: tuple[Check, ...] = (
    cameras.check_directions,
    cameras.check_same_places,
    region.check_cameras_outside,
    region.check_region_size,
    region.check_scale,
    masks.check_polarity,
    masks.check_coverage,
    masks.check_alignment,
    photographs.check_doubles,
    photographs.check_gaps,
    photographs.check_blur,
    cameras.check_conventions,
    cameras.check_wrong_views,
    half_pixel.check_half_pixel,
    photographs.check_exposure,
)
"""Cheap ones first."""


def examine(scene: Examination, checks: Iterable[Check] = CHECKS) -> list[Finding]:
    """What is wrong with a scene; severe findings first. A sound scene has none."""
    found = [finding for check in checks for finding in check(scene)]
    return sorted(found, key=lambda finding: finding.severity != "severe")
